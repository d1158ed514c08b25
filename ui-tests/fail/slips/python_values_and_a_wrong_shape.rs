// One fix corrects the lines of Python and the shape.
convshape::conv_chain! {
    struct Model {
        dialect: keras;
        input: [1000];
        conv: Conv1D(128, 5);
        MaxPooling1D(2, strides: 2);
        output: [498, 128];
    }
}

fn main() {}
