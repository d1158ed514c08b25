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
    MISSING_FIELD = "CS0103" "a field that the layer cannot do without";
    REPEATED_FIELD = "CS0104" "a field given twice, or two that exclude each other";
    VALUE = "CS0105" "a value of the wrong kind";
    UNKNOWN_NAME = "CS0106" "no statement has this name";
    REPEATED_NAME = "CS0107" "two things of the same name";
    OPERANDS = "CS0108" "a layer reads too few or too many statements";
    DIALECT = "CS0109" "a word that the dialect does not have";
    BLOCK = "CS0110" "a block or repeat that cannot be expanded";
    UNDO = "CS0111" "a layer that cannot be undone";
    TIED = "CS0112" "a tied weight that cannot be shared";
    CONDITION = "CS0113" "a condition that the macro cannot decide";
    UNTAKEN = "CS0114" "a name that only a branch gives which is not taken";
    PIECE_INPUTS = "CS0115" "a block or repeat that reads or gives another number of values";
    REUSE = "CS0116" "a statement that cannot run again";
    PORT = "CS0117" "an output that a layer does not have";

    // Shapes that do not fit together.
    RESTORES = "CS0201" "a layer does not restore what it should";
    COMMENT = "CS0202" "a shape comment that does not hold";
    OUTPUT = "CS0203" "the chain does not give the output it declares";
    CHANNELS = "CS0204" "another number of channels comes in";
    CONCAT = "CS0205" "the sides of a concatenation differ";
    BROADCAST = "CS0206" "the sides of a sum or product differ";
    ELEMENTS = "CS0207" "a reshape to another number of elements";
    RANK = "CS0208" "another number of axes comes in";
    FEATURES = "CS0209" "a linear layer meets another number of features";
    REPEAT_SHAPE = "CS0210" "a repeated body does not keep its shape";
    NORM = "CS0211" "a normalisation layer made for another shape";
    LOSSY = "CS0212" "a stride drops rows that nothing reads";
    UNREAD = "CS0213" "a statement that nothing reads";
    PRODUCT = "CS0214" "matrices that cannot be multiplied";
    STATE = "CS0215" "a first state of another shape";
    ATTENTION = "CS0216" "queries, keys and values that do not fit";
    CONSTANT = "CS0217" "a constant that does not fill its shape";
    UNPOOL = "CS0218" "an unpooling of another shape than its pooling gave";
    CUSTOM = "CS0219" "a user-defined layer whose type has other shapes";

    // Inputs and fields that a layer rejects.
    KERNEL = "CS0301" "a kernel larger than its padded input";
    NOT_POSITIVE = "CS0302" "a field that must be at least 1";
    NEGATIVE = "CS0303" "a field that must not be negative";
    SAME_STRIDE = "CS0304" "padding `same` with a stride";
    POOL_PADDING = "CS0305" "pooling pads more than half its window";
    OUTPUT_PADDING = "CS0306" "an output padding that reaches the stride";
    OUTPUT_SIZE = "CS0307" "an output size that cannot be reached";
    GROUPS = "CS0308" "channels that do not divide into groups";
    BORDER = "CS0309" "a border that copies more rows than there are";
    EMPTY = "CS0310" "an output without rows";
    DIVISIBLE = "CS0311" "a size that a factor does not divide";
    RESIZE = "CS0312" "a resize that cannot be done";
    SLICE = "CS0313" "a range of channels that is not there";
    BORDER_MODE = "CS0314" "a padding mode that the layer does not have";
    FIELD_RANK = "CS0315" "a value for another number of axes";
    INSTANCE = "CS0316" "an instance norm over a single element";
    RANGE = "CS0317" "a number outside the range of its field";
    AXIS = "CS0318" "an axis that is not there";
    PIECES = "CS0319" "pieces that are not the whole axis";
    HEADS = "CS0320" "features that do not divide into heads";

    // Sizes.
    SIZE_ZERO = "CS0401" "a size below 1";
    TOO_LARGE = "CS0402" "sizes beyond what a machine can hold";
    NOT_FIXED = "CS0403" "a size that must be a plain number";

    // Holes.
    NO_SOLUTION = "CS0501" "a hole that nothing fills";
    AMBIGUOUS = "CS0502" "a hole that several values fill";
    NO_TARGET = "CS0503" "a hole that nothing determines";

    // Weights compiled into the program.
    WEIGHT_FILE = "CS0601" "a weight file that cannot be read";
    WEIGHT_HEADER = "CS0602" "a weight file with a damaged header";
    TENSOR_MISSING = "CS0603" "a tensor that the weight file lacks";
    TENSOR_TYPE = "CS0604" "a tensor whose elements are no floating point numbers";
    TENSOR_SHAPE = "CS0605" "a tensor of another shape";
    TENSOR_SWAPPED = "CS0606" "a weight whose input and output channels stand in each other's place";

    // Data.
    DATA_FILE = "CS0701" "a data file that cannot be read";
    DATA_HEADER = "CS0702" "a data file with a damaged header";
    DATA_ARRAYS = "CS0703" "arrays that do not pair with inputs and outputs";
    DATA_SHAPE = "CS0704" "an array whose samples have another shape than its port";
    DATA_SAMPLES = "CS0705" "arrays with different numbers of samples";
    DATA_LABELS = "CS0706" "labels of another form than the output";
    DATA_TYPE = "CS0707" "an array whose elements are not numbers";
    DATA_CLASS = "CS0708" "a label that is not one of the classes";
    DATA_BYTES = "CS0709" "bytes that nothing scales";

    // Lints: legal, but surely a mistake.
    TWO_ACTIVATIONS = "CS0801" "two activations in a row";
    DROPOUT_BEFORE_NORM = "CS0802" "a dropout before a batch norm";
    NORM_OF_ONE = "CS0803" "a normalisation of single values";
    WINDOW_OF_BORDER = "CS0804" "a window that sees only border";
    BIAS_BEFORE_NORM = "CS0805" "a bias that a batch norm removes";
}
