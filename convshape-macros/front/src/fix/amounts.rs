//! The rows that `Crop` and `Pad` take away and add.

use convshape_arith::op::{Amount, MAX_SPATIAL, PerAxis};

use super::candidates::wrongness;
use super::{Edit, Search};
use crate::fields::Setting;
use crate::graph::NodeId;

/// The same layer with the amount that makes up for the rows that are wrong, as evenly as it goes.
pub(super) fn amount(search: &mut Search<'_>, node: NodeId, now: &Amount, cost: u32) {
    let Amount::Pairs { rank, pairs: now } = *now else { return };
    let Some(Some(output)) = search.checked.shapes.get(search.graph.value(node)).copied() else { return };
    let axes = output.rank().saturating_sub(1).min(MAX_SPATIAL);
    let mut pairs = now;
    for axis in 0..axes {
        let Some(apart @ 1..=4096) = wrongness(search, search.problem, axis) else { continue };
        for more in [apart, -apart] {
            let total = now[axis].0.saturating_add(now[axis].1).saturating_add(more);
            let mut next = pairs;
            next[axis] = (total / 2, total - total / 2);
            if total < 0 {
                continue;
            }
            let (left, _) = search.left_by(&edit(node, &next, rank.unwrap_or(axes)));
            if left.is_none_or(|problem| wrongness(search, &problem, axis) == Some(0)) {
                pairs = next;
                break;
            }
        }
    }
    if pairs != now {
        search.offer(edit(node, &pairs, rank.unwrap_or(axes)), cost);
    }
}

fn edit(node: NodeId, pairs: &PerAxis<(i64, i64)>, axes: usize) -> Edit {
    let even = pairs[..axes].iter().all(|(lo, hi)| lo == hi);
    let setting = if even {
        Setting::ints(pairs.map(|(lo, _)| lo), axes)
    } else {
        Setting::Pairs { values: *pairs, axes: Some(axes) }
    };
    Edit::Field { node, field: "amount", setting }
}
