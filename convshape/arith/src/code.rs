//! The error codes. A code is never reused for something else.

/// A code at the start of an error message, and what it means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Code {
    /// As messages show it: `CS0201`.
    pub id: &'static str,
    /// What it means, in a few words.
    pub title: &'static str,
}

macro_rules! codes {
    ($($name:ident = $id:literal $title:literal;)*) => {
        $(#[doc = concat!($id, ": ", $title)] pub const $name: Code = Code { id: $id, title: $title };)*
        /// Every code, in order.
        pub const ALL: &[Code] = &[$($name),*];
    };
}

codes! {
    // Syntax.
    SYNTAX = "CS0001" "a token that the language does not have there";
    PYTHON = "CS0002" "written as in Python";
    PARTS = "CS0003" "a part of the chain is missing, repeated or misplaced";
    LITERAL = "CS0004" "a number that is too large or malformed";
    ATTRIBUTE = "CS0005" "an attribute that is not understood";

    // Words and names.
    UNKNOWN_LAYER = "CS0101" "no layer has this name";
    UNKNOWN_FIELD = "CS0102" "the layer has no such field";
    MISSING_FIELD = "CS0103" "a required field is missing";
    REPEATED_FIELD = "CS0104" "a field given twice, or two that exclude each other";
    VALUE = "CS0105" "a value of the wrong kind";
    UNKNOWN_NAME = "CS0106" "no statement has this name";
    REPEATED_NAME = "CS0107" "two things with the same name";
    OPERANDS = "CS0108" "a layer reads too few or too many statements";
    DIALECT = "CS0109" "a word that the dialect does not have";
    BLOCK = "CS0110" "a block or repeat that cannot be expanded";
    UNDO = "CS0111" "a layer that cannot be undone";
    TIED = "CS0112" "a tied weight that cannot be shared";
    CONDITION = "CS0113" "a condition that the macro cannot evaluate";
    UNTAKEN = "CS0114" "a name that exists only in a branch not taken";
    PIECE_INPUTS = "CS0115" "a block or repeat with the wrong number of inputs or outputs";
    REUSE = "CS0116" "a statement that cannot run again";
    PORT = "CS0117" "an output that a layer does not have";

    // Shapes that do not fit together.
    RESTORES = "CS0201" "a layer does not restore a shape as it should";
    COMMENT = "CS0202" "a shape comment that does not hold";
    OUTPUT = "CS0203" "the chain's output differs from the declared one";
    CHANNELS = "CS0204" "the input has the wrong number of channels";
    CONCAT = "CS0205" "the sides of a concatenation differ";
    BROADCAST = "CS0206" "the sides of a sum or product differ";
    ELEMENTS = "CS0207" "a reshape that changes the number of elements";
    RANK = "CS0208" "the input has the wrong number of axes";
    FEATURES = "CS0209" "a linear layer gets the wrong number of features";
    REPEAT_SHAPE = "CS0210" "a repeated body does not keep its shape";
    NORM = "CS0211" "a normalisation layer for a different shape";
    LOSSY = "CS0212" "a stride drops rows that nothing reads";
    UNREAD = "CS0213" "a statement that nothing reads";
    PRODUCT = "CS0214" "matrices that cannot be multiplied";
    STATE = "CS0215" "an initial state with the wrong shape";
    ATTENTION = "CS0216" "queries, keys and values that do not fit";
    CONSTANT = "CS0217" "a constant that does not match its shape";
    UNPOOL = "CS0218" "an unpooling whose input is not its pooling's output shape";
    CUSTOM = "CS0219" "a user-defined layer whose type has different shapes";
    WEIGHT = "CS0220" "a value that does not have the shape of the weight it is read as";

    // Inputs and fields that a layer rejects.
    KERNEL = "CS0301" "a kernel larger than its padded input";
    NOT_POSITIVE = "CS0302" "a field that must be at least 1";
    NEGATIVE = "CS0303" "a field that must not be negative";
    SAME_STRIDE = "CS0304" "padding `same` with a stride";
    POOL_PADDING = "CS0305" "pooling pads more than half its window";
    OUTPUT_PADDING = "CS0306" "an output padding that is not smaller than the stride";
    OUTPUT_SIZE = "CS0307" "an output size that cannot be reached";
    GROUPS = "CS0308" "groups that do not divide the channels";
    BORDER = "CS0309" "a border that needs more rows than the input has";
    EMPTY = "CS0310" "an output without rows";
    DIVISIBLE = "CS0311" "a factor that does not divide a size";
    RESIZE = "CS0312" "an invalid resize";
    SLICE = "CS0313" "a range of channels that does not exist";
    BORDER_MODE = "CS0314" "a padding mode that the layer does not have";
    FIELD_RANK = "CS0315" "a value for the wrong number of axes";
    INSTANCE = "CS0316" "an instance norm over a single element";
    RANGE = "CS0317" "a number outside the range of its field";
    AXIS = "CS0318" "an axis that does not exist";
    PIECES = "CS0319" "pieces that do not add up to the axis";
    HEADS = "CS0320" "heads that do not divide the features";

    // Sizes.
    SIZE_ZERO = "CS0401" "a size below 1";
    TOO_LARGE = "CS0402" "sizes that no machine can hold";
    NOT_FIXED = "CS0403" "a size that must be a plain number";

    // Holes.
    NO_SOLUTION = "CS0501" "a hole with no solution";
    AMBIGUOUS = "CS0502" "a hole with several solutions";
    NO_TARGET = "CS0503" "a hole that nothing determines";

    // Weights compiled into the program.
    WEIGHT_FILE = "CS0601" "a weight file that cannot be read";
    WEIGHT_HEADER = "CS0602" "a weight file with a damaged header";
    TENSOR_MISSING = "CS0603" "a tensor that the weight file lacks";
    TENSOR_TYPE = "CS0604" "a tensor whose elements are not floating-point numbers";
    TENSOR_SHAPE = "CS0605" "a tensor with the wrong shape";
    TENSOR_SWAPPED = "CS0606" "a weight with swapped input and output channels";
    TENSOR_VALUE = "CS0607" "a weight that is infinite or NaN";

    // Data.
    DATA_FILE = "CS0701" "a data file that cannot be read";
    DATA_HEADER = "CS0702" "a data file with a damaged header";
    DATA_ARRAYS = "CS0703" "arrays that do not match the inputs and outputs";
    DATA_SHAPE = "CS0704" "an array whose samples have the wrong shape";
    DATA_SAMPLES = "CS0705" "arrays with different numbers of samples, or none";
    DATA_LABELS = "CS0706" "labels in the wrong form for the output";
    DATA_TYPE = "CS0707" "an array whose elements are not numbers";
    DATA_CLASS = "CS0708" "a label that is not one of the classes";
    DATA_BYTES = "CS0709" "bytes that are never scaled";

    // Lints: legal, but probably a mistake.
    TWO_ACTIVATIONS = "CS0801" "two activations in a row";
    DROPOUT_BEFORE_NORM = "CS0802" "a dropout before a batch norm";
    NORM_OF_ONE = "CS0803" "a normalisation of single values";
    WINDOW_OF_BORDER = "CS0804" "a window that covers only border";
    BIAS_BEFORE_NORM = "CS0805" "a bias that a batch norm removes";
    CHANNELS_OR_LAST = "CS0806" "a value that fits the channels and the last axis";
    COUNTED_AXIS = "CS0807" "an axis that a framework counts from the batch";
    LAST_LAYER = "CS0808" "a last layer that the loss applies itself";
    NO_EFFECT = "CS0809" "a word of a framework that has no effect here";
    ATTENDS_CHANNELS = "CS0810" "an attention whose tokens are channels or rows of an image";
    ONLY_LAST = "CS0811" "a value that fits the last axis of an image, not its channels";
    TURNED_IMAGE = "CS0812" "an image whose channels are at the other end of its shape";
}
