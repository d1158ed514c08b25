const ANCHORS: [[f32; 2]; 400] = [[0.5; 2]; 400];

convshape::conv_chain! {
    pub struct Model<const N: usize> {
        input: [2, N];
        anchors: Constant(ANCHORS, [2, N]);
        Add(_, anchors);
        output: [2, N];
    }
}

fn main() {
    let _ = Model::<400>::CHECK;
}
