use convshape::{Backward, Chw, CustomLayer, Forward};
struct Halves;
impl CustomLayer for Halves {
    type Input = Chw<8, 4, 4>;
    type Output = Chw<4, 4, 4>;
    fn forward(_: Forward<'_>) {}
    fn backward(_: Backward<'_>) {}
}
convshape::conv_chain! {
    pub struct Model { for h in 1..; input: [8, h, 4]; halves: Custom(Halves) -> [4, 4, 4]; output: [4, 4, 4]; }
}
fn main() {}
