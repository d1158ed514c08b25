convshape::conv_chain! {
    pub struct Encoder {
        input: [1, 28, 28];
        x = F.relu(x)
        x = F.max_pool2d(x, 2)
        x = torch.flatten(x, 1)
        output: [196];
    }
}

fn main() {}
