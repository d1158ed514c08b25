use convshape::ndarray::{Array1, Array4};
use convshape::train::Data;

fn main() {
    let (images, labels) = (Array4::<f32>::zeros((2, 1, 8, 8)), Array1::from(vec![0_i64, 1]));
    let _ = Data::new(images.view(), labels.view());
    let _ = Data::new(&images, ());
}
