"""Prints the curves of a folder of event files as TensorBoard reads them: tag, step, and the bits of the value.

Ends with 77 where TensorBoard is not installed.
"""

import struct
import sys

try:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
except ImportError:
    sys.exit(77)

events = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0})
events.Reload()
for tag in events.Tags()["scalars"]:
    for event in events.Scalars(tag):
        (bits,) = struct.unpack("<I", struct.pack("<f", event.value))
        print(tag, event.step, f"{bits:08x}")
