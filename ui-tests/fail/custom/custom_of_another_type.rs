convshape::conv_chain! {
    pub struct Model { input: [8]; text: Custom(String) -> [8]; output: [8]; }
}
fn main() {}
