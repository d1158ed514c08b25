use convshape::{Backward, C, CustomLayer, Forward};
struct Halves;
impl CustomLayer for Halves {
    type Input = C<8>;
    type Output = C<4>;
    fn forward(_: Forward<'_>) {}
    fn backward(_: Backward<'_>) {}
}
convshape::conv_chain! {
    pub struct Model { input: [3]; lin: Linear(3 -> 6); halves: Custom(Halves) -> [4]; output: [4]; }
}
fn main() {}
