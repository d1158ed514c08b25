//! Lines as tutorials and papers have them.

use proc_macro2::{TokenStream, TokenTree};

use super::port;

/// The chain's lines between its braces, without empty ones. Nothing may be wrong with it.
fn chain(python: &str) -> Vec<String> {
    let ported = port(python, "Net").unwrap_or_else(|faults| panic!("{python}\n{faults:?}"));
    let tokens: TokenStream = ported.source.parse().expect("a macro's call");
    let inside = tokens.into_iter().find_map(|token| match token {
        TokenTree::Group(group) => Some(group.stream()),
        TokenTree::Ident(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => None,
    });
    let findings = crate::findings(inside.expect("braces"));
    let found: Vec<&String> = findings.iter().map(|finding| &finding.message).collect();
    assert!(found.is_empty(), "{}{found:?}", ported.source);
    let lines = ported.source.lines().map(str::trim).filter(|line| !line.is_empty());
    let mut lines: Vec<String> = lines.skip(2).map(str::to_owned).collect();
    lines.truncate(lines.len() - 2);
    lines
}

#[track_caller]
fn ported(python: &str, expected: &str) {
    let expected: Vec<&str> = expected.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert_eq!(chain(python), expected, "{python}");
}

/// What cannot be read, by line.
fn refused(python: &str) -> Vec<String> {
    port(python, "Net").err().unwrap_or_default().iter().map(ToString::to_string).collect()
}

#[test]
fn a_sequence_of_pytorch() {
    ported(
        "model = nn.Sequential(
             nn.Conv2d(1, 32, kernel_size=3, stride=2, padding=1),  # 14 rows
             nn.ReLU(inplace=True),
             nn.Conv2d(32, 64, 3, 2, 1), nn.BatchNorm2d(64),
             nn.ReLU(True),
             nn.Flatten(),
             nn.Linear(64 * 7 * 7, 10),
         )",
        "input: [1, 28, 28];
         #[name = \"0\"] Conv2d(1 -> 32, kernel_size: 3, stride: 2, padding: 1);
         ReLU;
         #[name = \"2\"] Conv2d(32 -> 64, kernel: 3, stride: 2, padding: 1);
         #[name = \"3\"] BatchNorm2d(64);
         ReLU;
         Flatten;
         #[name = \"6\"] Linear(64 * 7 * 7 -> 10);
         output: [10];",
    );
}

#[test]
fn names_of_an_ordered_dict_and_of_parts() {
    ported(
        "model = nn.Sequential(OrderedDict([('conv1', nn.Conv2d(1,20,5)), ('relu1', nn.ReLU())]))",
        "input: [1, 28, 28]; conv1: Conv2d(1 -> 20, kernel: 5); relu1: ReLU; output: [20, 24, 24];"
            .replace("; ", ";\n")
            .as_str(),
    );
    ported(
        "encoder = nn.Sequential(nn.Conv1d(1, 16, 15, stride=4, padding=7), nn.LeakyReLU(0.2))
         decoder = nn.Sequential(nn.Upsample(scale_factor=4), nn.Conv1d(16, 1, 15, padding=7), nn.Tanh())
         model = nn.Sequential(encoder, decoder)
         summary(model, (1, 16000))",
        "input: [1, 16000];
         #[name = \"0.0\"] Conv1d(1 -> 16, kernel: 15, stride: 4, padding: 7);
         LeakyReLU(0.2);
         Upsample(scale_factor: 4);
         #[name = \"1.1\"] Conv1d(16 -> 1, kernel: 15, padding: 7);
         Tanh;
         output: [1, 16000];",
    );
    ported(
        "net = torch.nn.Sequential()
         net.add_module('stem', torch.nn.Conv2d(3, 8, 3, padding='same'))
         net.add_module('head', torch.nn.Conv2d(8, 2, 1))
         print(net(torch.randn(4, 3, 17, 19)).shape)
         x = torch.randn(4, 3, 17, 19)",
        "input: [3, 17, 19];
         stem: Conv2d(3 -> 8, kernel: 3, padding: \"same\");
         head: Conv2d(8 -> 2, kernel: 1);
         output: [2, 17, 19];",
    );
}

#[test]
fn a_class_with_an_encoder_and_a_decoder() {
    let python = "
import torch.nn as nn

class ConvAutoencoder(nn.Module):
    \"\"\"A docstring
    of two lines\"\"\"
    def __init__(self, hidden=16):
        super(ConvAutoencoder, self).__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(1, hidden, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(hidden, hidden * 2, 7)
        )
        self.decoder = nn.Sequential(
            nn.ConvTranspose2d(hidden * 2, hidden, 7),
            nn.ReLU(),
            nn.ConvTranspose2d(hidden, 1, 3, stride=2, padding=1, output_padding=1),
            nn.Sigmoid()
        )

    def forward(self, x):
        x = self.encoder(x)
        x = self.decoder(x)
        return x

model = ConvAutoencoder().to(device)
criterion = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for epoch in range(10):
    for img, _ in loader:
        recon = model(img)
        loss = criterion(recon, img)
        loss.backward()
";
    ported(
        python,
        "input: [1, 28, 28];
         #[name = \"encoder.0\"] Conv2d(1 -> 16, kernel: 3, stride: 2, padding: 1);
         ReLU;
         #[name = \"encoder.2\"] Conv2d(16 -> 16 * 2, kernel: 7);
         #[name = \"decoder.0\"] ConvTranspose2d(16 * 2 -> 16, kernel: 7);
         ReLU;
         #[name = \"decoder.2\"] ConvTranspose2d(16 -> 1, kernel: 3, stride: 2, padding: 1, output_padding: 1);
         Sigmoid;
         output: [1, 28, 28];",
    );
    assert!(port(python, "Net").expect("it was").source.contains("pub struct ConvAutoencoder {"));
}

#[test]
fn a_forward_method() {
    ported(
        "class Net(nn.Module):
             def __init__(self):
                 super().__init__()
                 self.conv1 = nn.Conv2d(3, 6, 5)
                 self.pool = nn.MaxPool2d(2, 2)
                 self.conv2 = nn.Conv2d(6, 16, 5)
                 self.fc1 = nn.Linear(16 * 5 * 5, 120)

             def forward(self, x):
                 x = self.pool(F.relu(self.conv1(x)))
                 x = self.pool(F.relu(self.conv2(x)))
                 x = torch.flatten(x, 1) # flatten all dimensions except batch
                 x = F.log_softmax(self.fc1(x), dim=1)
                 return x",
        "input: [3, 32, 32];
         conv1: Conv2d(3 -> 6, kernel: 5);
         Relu;
         pool: MaxPool2d(2, stride: 2);
         conv2: Conv2d(6 -> 16, kernel: 5);
         Relu;
         MaxPool2d(2, stride: 2);
         Flatten;
         fc1: Linear(16 * 5 * 5 -> 120);
         LogSoftmax(dim: 1);
         output: [120];",
    );
}

#[test]
fn branches_join() {
    ported(
        "class UNet(nn.Module):
             def __init__(self, n_channels=3, n_classes=2):
                 super().__init__()
                 self.down = nn.Conv2d(n_channels, 16, 3, padding=1)
                 self.pool = nn.MaxPool2d(2)
                 self.mid = nn.Conv2d(16, 32, 3, padding=1)
                 self.up = nn.ConvTranspose2d(32, 16, 2, stride=2)
                 self.out = nn.Conv2d(32, n_classes, 1)
             def forward(self, x):
                 a = F.relu(self.down(x))
                 b = F.relu(self.mid(self.pool(a)))
                 c = self.up(b)
                 return self.out(torch.cat([c, a], dim=1))",
        "input: [3, 28, 28];
         down: Conv2d(3 -> 16, kernel: 3, padding: 1);
         a: Relu;
         pool: MaxPool2d(2);
         mid: Conv2d(16 -> 32, kernel: 3, padding: 1);
         Relu;
         up: ConvTranspose2d(32 -> 16, kernel: 2, stride: 2);
         Concat(up, a, dim: 1);
         out: Conv2d(32 -> 2, kernel: 1);
         output: [2, 28, 28];",
    );
    // A layer that runs twice has one set of parameters.
    ported(
        "class Res(nn.Module):
             def __init__(self):
                 super().__init__()
                 self.conv = nn.Conv2d(8, 8, 3, padding=1)
                 self.relu = nn.ReLU()
             def forward(self, x):
                 identity = x
                 out = self.relu(self.conv(x))
                 out = self.conv(out)
                 out += identity
                 return self.relu(out), out",
        "input: [8, 28, 28];
         conv: Conv2d(8 -> 8, kernel: 3, padding: 1);
         relu: ReLU;
         conv2: reuse conv;
         out: Add(conv2, input);
         relu2: ReLU;
         output: relu2 [8, 28, 28], out [8, 28, 28];",
    );
}

#[test]
fn decoders_begin_small() {
    ported(
        "nz, ngf = 100, 64
         nz = 100
         ngf = 64
         main = nn.Sequential(
             # input is Z, going into a convolution
             nn.ConvTranspose2d( nz, ngf * 8, 4, 1, 0, bias=False),
             nn.BatchNorm2d(ngf * 8),
             nn.ConvTranspose2d(ngf * 8, 3, 4, 2, 1, bias=False),
             nn.Tanh()
         )",
        "input: [100, 1, 1];
         #[name = \"0\"] ConvTranspose2d(100 -> 64 * 8, kernel: 4, stride: 1, padding: 0, bias: false);
         #[name = \"1\"] BatchNorm2d(64 * 8);
         #[name = \"2\"] ConvTranspose2d(64 * 8 -> 3, kernel: 4, stride: 2, padding: 1, bias: false);
         Tanh;
         output: [3, 8, 8];",
    );
}

#[test]
fn a_printed_model() {
    ported(
        "Sequential(
           (0): Conv2d(1, 16, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1))
           (1): BatchNorm2d(16, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)
           (2): MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)
           (3): Flatten(start_dim=1, end_dim=-1)
           (4): Linear(in_features=784, out_features=10, bias=True)
         )",
        "input: [1, 28, 28];
         #[name = \"0\"] Conv2d(1 -> 16, kernel_size: (3, 3), stride: (2, 2), padding: (1, 1));
         #[name = \"1\"] BatchNorm2d(16, eps: 1e-5, momentum: 0.1, affine: true);
         MaxPool2d(kernel_size: 2, stride: 2, padding: 0, dilation: 1, ceil_mode: false);
         Flatten(start_dim: 1, end_dim: -1);
         #[name = \"4\"] Linear(784 -> 10, bias: true);
         output: [10];",
    );
}

#[test]
fn lines_after_a_class_do_not_run_its_layers() {
    ported(
        "class Net(nn.Module):
             def __init__(self):
                 super().__init__()
                 self.conv = nn.Conv2d(3, 8, 3)
             def forward(self, x):
                 return self.conv(x)

x = torch.randn(1, 3, 32, 32)
np.save('x.npy', x.numpy())",
        "input: [3, 32, 32];
         conv: Conv2d(3 -> 8, kernel: 3);
         output: [8, 30, 30];",
    );
}

#[test]
fn a_printed_class() {
    let printed = "Net(
           (features): Sequential(
             (conv): Conv2d(1, 4, kernel_size=(3, 3), stride=(1, 1))
             (relu): ReLU(inplace=True)
           )
           (flat): Flatten(start_dim=1, end_dim=-1)
           (fc1): Linear(in_features=2704, out_features=10, bias=True)
         )";
    ported(
        printed,
        "input: [1, 28, 28];
         #[name = \"features.conv\"] conv: Conv2d(1 -> 4, kernel_size: (3, 3), stride: (1, 1));
         relu: ReLU;
         flat: Flatten(start_dim: 1, end_dim: -1);
         fc1: Linear(2704 -> 10, bias: true);
         output: [10];",
    );
    let ported = port(printed, "Other").expect("layers that a chain has");
    assert!(ported.source.contains("struct Net"), "{}", ported.source);
    assert!(ported.notes.iter().any(|note| note.contains("`Net` is printed without its `forward`")), "{ported:?}");
}

#[test]
fn layers_alone() {
    ported(
        "nn.Conv2d(3, 8, 3, padding=1),\nnn.GELU(),\nnn.ConvTranspose2d(8, 3, 2, stride=2),",
        "input: [3, 28, 28];
         #[name = \"0\"] Conv2d(3 -> 8, kernel: 3, padding: 1);
         GELU;
         #[name = \"2\"] ConvTranspose2d(8 -> 3, kernel: 2, stride: 2);
         output: [3, 56, 56];",
    );
    ported(
        ">>> m = nn.Sequential(nn.Linear(784, 128), \\\n...     nn.ReLU(), nn.Linear(128, 10)); m.eval()",
        "input: [784];
         #[name = \"0\"] Linear(784 -> 128);
         ReLU;
         #[name = \"2\"] Linear(128 -> 10);
         output: [10];",
    );
}

#[test]
fn sequences_of_keras() {
    let python = "
from tensorflow import keras
from tensorflow.keras import layers

num_classes = 10
input_shape = (28, 28, 1)
model = keras.Sequential(
    [
        keras.Input(shape=input_shape),
        layers.Conv2D(32, kernel_size=(3, 3), activation=\"relu\", kernel_initializer='he_normal'),
        layers.MaxPooling2D(pool_size=(2, 2)),
        layers.Flatten(),
        layers.Dense(num_classes, activation=\"softmax\", name=\"head\"),
    ]
)
model.summary()
model.compile(loss=\"categorical_crossentropy\", optimizer=\"adam\", metrics=[\"accuracy\"])
model.fit(x_train, y_train, batch_size=128, epochs=15, validation_split=0.1)
";
    ported(
        python,
        "dialect: keras;
         input: [28, 28, 1];
         Conv2D(32, kernel_size: (3, 3), activation: \"relu\");
         MaxPooling2D(pool_size: (2, 2));
         Flatten;
         head: Dense(10, activation: \"softmax\");
         output: [10];",
    );
    let notes = port(python, "Net").expect("it was").notes;
    assert_eq!(notes, ["line 10: `kernel_initializer` is left out: it says nothing about shapes"]);
    ported(
        "model = models.Sequential()
         model.add(layers.Conv2D(32, (3, 3), activation='relu', input_shape=(32, 32, 3)))
         model.add(layers.MaxPooling2D((2, 2)))
         model.add(layers.Conv2DTranspose(3, (3, 3), strides=2))",
        "dialect: keras;
         input: [32, 32, 3];
         Conv2D(32, kernel_size: (3, 3), activation: \"relu\");
         MaxPooling2D((2, 2));
         Conv2DTranspose(3, kernel_size: (3, 3), strides: 2);
         output: [31, 31, 3];",
    );
    ported(
        "model = tf.keras.models.Sequential([
             tf.keras.layers.Dense(128, activation='relu'), tf.keras.layers.Dropout(.2), tf.keras.layers.Dense(10)])
         model.build((None, 784))",
        "dialect: keras;
         input: [784];
         Dense(128, activation: \"relu\");
         Dropout(0.2);
         Dense(10);
         output: [10];",
    );
}

#[test]
fn values_of_keras() {
    ported(
        "input = layers.Input(shape=(28, 28, 1))
         # Encoder
         x = layers.Conv2D(32, (3, 3), activation=\"relu\", padding=\"same\")(input)
         x = layers.MaxPooling2D((2, 2), padding=\"same\")(x)
         # Decoder
         x = layers.Conv2DTranspose(32, (3, 3), strides=2, activation=\"relu\", padding=\"same\")(x)
         x = layers.Conv2D(1, (3, 3), activation=\"sigmoid\", padding=\"same\")(x)
         autoencoder = Model(input, x)
         autoencoder.compile(optimizer=\"adam\", loss=\"binary_crossentropy\")",
        "dialect: keras;
         input: [28, 28, 1];
         Conv2D(32, kernel_size: (3, 3), activation: \"relu\", padding: \"same\");
         MaxPooling2D((2, 2), padding: \"same\");
         Conv2DTranspose(32, kernel_size: (3, 3), strides: 2, activation: \"relu\", padding: \"same\");
         Conv2D(1, kernel_size: (3, 3), activation: \"sigmoid\", padding: \"same\");
         output: [28, 28, 1];",
    );
    ported(
        "inputs = keras.Input(shape=(32, 32, 3))
         x = layers.Conv2D(32, 3, padding=\"same\", name=\"stem\")(inputs)
         y = layers.SeparableConv2D(32, 3, padding=\"same\")(x)
         x = layers.add([y, x])
         x = layers.GlobalAveragePooling2D()(x)
         outputs = layers.Dense(1, activation=\"sigmoid\")(x)
         model = keras.Model(inputs=inputs, outputs=[outputs, y])",
        "dialect: keras;
         input: [32, 32, 3];
         stem: Conv2D(32, kernel_size: 3, padding: \"same\");
         y: SeparableConv2D(32, kernel_size: 3, padding: \"same\");
         Add(y, stem);
         GlobalAveragePooling2D;
         outputs: Dense(1, activation: \"sigmoid\");
         output: outputs [1], y [32, 32, 32];",
    );
}

#[test]
fn what_cannot_be_read_is_listed_by_line() {
    for (python, expected) in [
        ("hello world", &["line 1: there is no layer in these lines"][..]),
        ("\nnet = nn.Sequential(nn.Conv2d(1, 2, 3)", &["line 2: the bracket that opens here has no end"]),
        ("x = 'a\ny = 3", &["line 1: the string that begins here has no end"]),
        ("x = `3`", &["line 1: `x = `3`` is not Python"]),
        (
            "net = nn.Sequential(\n    nn.Conv2d(3, 8, 3),\n    SEBlock(8),\n)",
            &["line 3: `SEBlock` is not a layer that a chain has"],
        ),
        (
            "class A(nn.Module):\n  def __init__(self, n):\n    self.fc = nn.Linear(n, 3)",
            &["line 3: `n` is a parameter without a number: write `n = 16` in a line before"],
        ),
        (
            "class A(nn.Module):\n  def __init__(self):\n    self.fc = nn.Linear(1, 3)\n\
             class B(nn.Module):\n  def __init__(self):\n    self.fc = nn.Linear(1, 3)",
            &["line 4: `B` is a second class, besides `A`: choose one with `--name B`"],
        ),
        (
            "class V(nn.Module):\n  def __init__(self):\n    self.fc = nn.Linear(784, 400)\n\
             \n  def encode(self, x):\n    return self.fc(x)\n\
             \n  def forward(self, x):\n    mu, logvar = self.encode(x)\n    return mu",
            &["line 9: `mu, logvar` takes 2 values, which are not known here"],
        ),
        (
            "x = keras.Input(shape=(4,))\nx = MyLayer(3)(x)\nx = layers.Dense(3)(x)",
            &["line 2: `MyLayer` is not a layer that a chain has"],
        ),
        (
            "model = nn.Sequential(nn.Conv2d(3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14))",
            &["line 1: `Conv2d` does not take this many values without a name; \
             write the field's name before each value but the first of `Conv2d`"],
        ),
    ] {
        assert_eq!(refused(python), expected, "{python}");
    }
}

/// Every line of `forward` becomes a statement, or is listed.
#[test]
fn arithmetic() {
    ported(
        "class A(nn.Module):
             def __init__(self):
                 super().__init__()
                 self.conv = nn.Conv2d(3, 4, 3, padding=1)
                 self.s = 0.5
             def forward(self, x):
                 x = x * 2 - 1
                 y = self.conv(x) * self.s
                 z = (1 - y) ** 2 / 10
                 z += y
                 z.mul_(3)
                 z = -z + torch.exp(y).sqrt() - 1 / z
                 return z.abs().clamp(-1, 1).mean(dim=(2, 3))",
        "input: [3, 28, 28];
         Scale(2.0);
         AddScalar(-1.0);
         conv: Conv2d(3 -> 4, kernel: 3, padding: 1);
         y: Scale(0.5);
         Neg;
         AddScalar(1.0);
         Square;
         z4: Scale(1.0 / 10.0);
         Add(z4, y);
         y2: Scale(3.0);
         z6: Neg;
         Exp from y;
         z8: Sqrt;
         z9: Add(z6, z8);
         z10: Pow(-1.0) from y2;
         Sub(z9, z10);
         Abs;
         Clamp(min: -1.0, max: 1.0);
         Mean(dim: (2, 3));
         output: [4];",
    );
}

/// What changes a value in place changes it under all its names.
#[test]
fn values_changed_in_place() {
    ported(
        "class B(nn.Module):
             def __init__(self):
                 super().__init__()
                 self.c = nn.Conv2d(3, 3, 3, padding=1)
                 self.relu = nn.ReLU(inplace=True)
             def forward(self, x):
                 y = self.c(x)
                 identity = y
                 z = self.c(self.relu(y))
                 return z + identity",
        "input: [3, 28, 28];
         c: Conv2d(3 -> 3, kernel: 3, padding: 1);
         relu: ReLU;
         c2: reuse c;
         Add(c2, relu);
         output: [3, 28, 28];",
    );
}

#[test]
fn shapes_that_a_program_asks_for() {
    ported(
        "
         class Excite(nn.Module):
             def __init__(self, channel, reduction=4):
                 super().__init__()
                 self.pool = nn.AdaptiveAvgPool2d(1)
                 self.fc = nn.Sequential(nn.Linear(channel, channel // reduction), nn.Sigmoid(),
                     nn.Linear(channel // reduction, channel))
             def forward(self, x):
                 b, c, _, _ = x.size()
                 y = self.pool(x).view(b, c)
                 y = self.fc(y).view(b, c, 1, 1)
                 return x * y.expand_as(x)
         class Net(nn.Module):
             def __init__(self):
                 super().__init__()
                 self.conv = nn.Conv2d(3, 16, 3)
                 self.se = Excite(16)
             def forward(self, x):
                 x = self.se(self.conv(x))
                 return x[:, :, 1:-1, 0].reshape(x.size(0), -1)",
        "input: [3, 28, 28];
         conv: Conv2d(3 -> 16, kernel: 3);
         pool: AdaptiveAvgPool2d(1);
         Reshape([16]);
         #[name = \"se.fc.0\"] Linear(16 -> 16 / 4);
         Sigmoid;
         #[name = \"se.fc.2\"] Linear(16 / 4 -> 16);
         y2: Reshape([16, 1, 1]);
         Mul(conv, y2);
         Slice(1..-1, axis: 1);
         Slice(0..1, axis: 2);
         Reshape([16, 24]);
         Flatten;
         output: [384];",
    );
    // The size of the input follows from what is asked.
    ported(
        "class V(nn.Module):
             def __init__(self):
                 super().__init__()
                 self.c = nn.Conv2d(1, 4, 5)
                 self.fc = nn.Linear(4 * 28 * 28, 2)
             def forward(self, x):
                 return self.fc(self.c(x).view(-1, 4 * 28 * 28))",
        "input: [1, 32, 32];
         c: Conv2d(1 -> 4, kernel: 5);
         Flatten;
         fc: Linear(4 * 28 * 28 -> 2);
         output: [2];",
    );
}

/// Classes with arguments, lists of modules, methods that make layers, branches on what is known.
#[test]
fn programs_that_build_models() {
    ported(
        "
         class Block(nn.Module):
             expansion = 1
             def __init__(self, cin, cout, stride=1, down=None):
                 super(Block, self).__init__()
                 self.conv = nn.Conv2d(cin, cout, 3, stride, 1)
                 self.down = down
             def forward(self, x):
                 if self.down is not None:
                     return self.conv(x) + self.down(x)
                 return self.conv(x) + x
         class Net(nn.Module):
             def __init__(self, block, counts):
                 super().__init__()
                 self.width = 8
                 self.stem = nn.Conv2d(3, 8, 3)
                 self.layer1 = self._make(block, 16, counts[0], stride=2)
                 self.heads = nn.ModuleList([nn.Linear(16 * block.expansion, n) for n in (4, 2)])
                 for m in self.modules():
                     if isinstance(m, nn.Conv2d):
                         nn.init.zeros_(m.bias)
             def _make(self, block, width, count, stride):
                 down = None
                 if stride != 1 or self.width != width:
                     down = nn.Sequential(nn.Conv2d(self.width, width, 1, stride))
                 layers = [block(self.width, width, stride, down)]
                 self.width = width
                 layers += [block(width, width) for _ in range(1, count)]
                 return nn.Sequential(*layers)
             def forward(self, x):
                 x = self.layer1(F.relu(self.stem(x))).mean([2, 3])
                 return [head(x) for head in self.heads]
         model = Net(Block, [2])",
        "input: [3, 28, 28];
         stem: Conv2d(3 -> 8, kernel: 3);
         x: Relu;
         #[name = \"layer1.0.conv\"] conv: Conv2d(8 -> 16, kernel: 3, stride: 2, padding: 1);
         #[name = \"layer1.0.down.0\"] layer1_0_down_0: Conv2d(8 -> 16, kernel: 1, stride: 2) from x;
         y: Add(conv, layer1_0_down_0);
         #[name = \"layer1.1.conv\"] layer1_1_conv: Conv2d(16 -> 16, kernel: 3, stride: 1, padding: 1);
         Add(layer1_1_conv, y);
         x2: Mean(dim: (2, 3));
         #[name = \"heads.0\"] heads_0: Linear(16 * 1 -> 4);
         #[name = \"heads.1\"] heads_1: Linear(16 * 1 -> 2) from x2;
         output: heads_0 [4], heads_1 [2];",
    );
    ported(
        "layers = []\nfor i in range(2):\n    layers.append(nn.Conv2d(3, 3, 3))\nnet = nn.Sequential(*layers)",
        "input: [3, 28, 28];
         #[name = \"0\"] Conv2d(3 -> 3, kernel: 3);
         #[name = \"1\"] Conv2d(3 -> 3, kernel: 3);
         output: [3, 24, 24];",
    );
}

#[test]
fn states_of_recurrent_layers_and_attention() {
    ported(
        "
         class T(nn.Module):
             def __init__(self):
                 super().__init__()
                 self.lstm = nn.LSTM(12, 16, num_layers=2, batch_first=True, bidirectional=True)
             def forward(self, x):
                 out, (h, c) = self.lstm(x)
                 return torch.cat((h[-2, :, :], h[-1]), dim=1), out[:, -1]
         x = torch.randn(2, 7, 12)",
        "input: [7, 12];
         lstm: LSTM(12 -> 16, num_layers: 2, bidirectional: true);
         Slice(-2..-1, axis: 0) from lstm.h_n;
         y2: Reshape([16]);
         Slice(-1.., axis: 0) from lstm.h_n;
         y4: Reshape([16]);
         y5: Concat(y2, y4, dim: 1);
         Slice(-1.., axis: 0) from lstm;
         y7: Reshape([32]);
         output: y5 [32], y7 [32];",
    );
    ported(
        "
         class A(nn.Module):
             def __init__(self, dim=16, heads=4):
                 super().__init__()
                 self.heads = heads
                 self.qkv = nn.Linear(dim, dim * 3)
             def forward(self, x):
                 B, N, C = x.shape
                 qkv = self.qkv(x).reshape(B, N, 3, self.heads, C // self.heads).permute(2, 0, 3, 1, 4)
                 q, k, v = qkv.unbind(0)
                 a = (q @ k.transpose(-2, -1)) * (C // self.heads) ** -0.5
                 return (a.softmax(dim=-1) @ v).transpose(1, 2).reshape(B, N, C)
         x = torch.randn(2, 6, 16)",
        "input: [6, 16];
         qkv: Linear(16 -> 16 * 3);
         Reshape([6, 3, 4, 16 / 4]);
         qkv3: Permute(1, 2, 0, 3);
         Slice(0..1, axis: 0);
         q2: Reshape([4, 6, 4]);
         Slice(1..2, axis: 0) from qkv3;
         q4: Reshape([4, 6, 4]);
         Slice(2..3, axis: 0) from qkv3;
         q6: Reshape([4, 6, 4]);
         a: Transpose(1, 2) from q4;
         MatMul(q2, a);
         Scale(0.5);
         y: Softmax(dim: -1);
         MatMul(y, q6);
         Transpose(0, 1);
         Reshape([6, 16]);
         output: [6, 16];",
    );
}

/// States that are zero are left out, as a recurrent layer begins with zeros.
#[test]
fn first_states_of_recurrent_layers() {
    ported(
        "
         class R(nn.Module):
             def __init__(self):
                 super().__init__()
                 self.lstm = nn.LSTM(6, 4, 2, batch_first=True)
                 self.fc = nn.Linear(4, 3)
             def forward(self, x):
                 h0 = torch.zeros(2, x.size(0), 4).to(x.device)
                 c0 = torch.zeros(2, x.size(0), 4).to(device)
                 out, _ = self.lstm(x, (h0, c0))
                 return self.fc(out[:, -1, :])
         for x, y in loader:
             loss = criterion(model(x), y)
         x = torch.randn(2, 5, 6)",
        "input: [5, 6];
         lstm: LSTM(6 -> 4, num_layers: 2);
         Slice(-1.., axis: 0);
         Reshape([4]);
         fc: Linear(4 -> 3);
         output: [3];",
    );
}

/// A layer with several outputs does not move the names of those after it.
#[test]
fn names_behind_a_split() {
    ported(
        "class S(nn.Module):
             def __init__(self):
                 super().__init__()
                 self.branch = nn.Sequential(nn.Conv2d(2, 2, 1), nn.ReLU(), nn.Conv2d(2, 2, 3, padding=1))
             def forward(self, x):
                 a, b = torch.chunk(x, 2, dim=1)
                 return torch.cat((a, self.branch(b)), -3)
         x = torch.zeros(1, 4, 8, 8)",
        "input: [4, 8, 8];
         a: Split(2, axis: 0);
         #[name = \"branch.0\"] Conv2d(2 -> 2, kernel: 1) from a.1;
         ReLU;
         #[name = \"branch.2\"] branch_2: Conv2d(2 -> 2, kernel: 3, padding: 1);
         Concat(a.0, branch_2, dim: -3);
         output: [4, 8, 8];",
    );
}

#[test]
fn inputs_parameters_and_branches() {
    ported(
        "class P(nn.Module):
             def __init__(self):
                 super().__init__()
                 self.fc = nn.Linear(12, 8)
                 self.conv = nn.Conv2d(8, 8, 3, padding=1)
                 self.gamma = nn.Parameter(1e-6 * torch.ones(8, 1, 1))
                 self.aux = nn.Conv2d(8, 1, 1)
             def forward(self, x, t):
                 h = self.conv(x) * self.gamma + self.fc(F.silu(t))[:, :, None, None]
                 if self.training:
                     return h, self.aux(h)
                 return h",
        "input: x [8, 28, 28], t [12];
         conv: Conv2d(8 -> 8, kernel: 3, padding: 1);
         gamma: Parameter([8, 1, 1], init: 1e-6);
         h: Mul(conv, gamma);
         Silu from t;
         fc: Linear(12 -> 8);
         h3: Reshape([8, 1, 1]);
         Add(h, h3);
         output: [8, 28, 28];",
    );
}

#[test]
fn prints_of_newer_versions() {
    ported(
        "Net(
           (stem): Sequential(
             (0): Conv2d(3, 8, kernel_size=(3, 3), stride=(1, 1), padding=same)
             (1): BatchNorm2d(8, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)
           )
           (layers): ModuleList(
             (0-1): 2 x Block(
               (norm): GroupNorm(2, 8, eps=1e-05, affine=True, bias=True)
               (act): Softplus(beta=1.0, threshold=20.0)
             )
           )
           (norm): InstanceNorm2d(8, eps=1e-05, momentum=0.1, affine=False, bias=False, track_running_stats=False)
         )",
        "input: [3, 28, 28];
         #[name = \"stem.0\"] Conv2d(3 -> 8, kernel_size: (3, 3), stride: (1, 1), padding: \"same\");
         #[name = \"stem.1\"] BatchNorm2d(8, eps: 1e-5, momentum: 0.1, affine: true);
         #[name = \"layers.0.norm\"] norm: GroupNorm(8, groups: 2, eps: 1e-5);
         act: Softplus;
         #[name = \"layers.1.norm\"] layers_1_norm: GroupNorm(8, groups: 2, eps: 1e-5);
         layers_1_act: Softplus;
         norm2: InstanceNorm2d(8, eps: 1e-5, affine: false);
         output: [8, 28, 28];",
    );
}

#[test]
fn modules_of_flax() {
    ported(
        "import flax.linen as nn
class Res(nn.Module):
    features: int
    @nn.compact
    def __call__(self, x):
        y = nn.relu(nn.Conv(self.features, (3, 3))(x))
        if x.shape != y.shape:
            x = nn.Conv(self.features, (1, 1), name='proj')(x)
        return x + y
class Net(nn.Module):
    @nn.compact
    def __call__(self, x, train: bool = True):
        for features in [4, 8]:
            x = Res(features)(x)
            x = nn.max_pool(x, (2, 2), strides=(2, 2))
        x = x.reshape((x.shape[0], -1))
        return nn.Dense(3)(x)
Net().init(key, jnp.ones([1, 8, 8, 4]))",
        "dialect: flax;
         input: [8, 8, 4];
         #[name = \"Res_0.Conv_0\"] Conv(4, kernel: (3, 3));
         y: Relu;
         Add(input, y);
         x: max_pool(window_shape: (2, 2), strides: (2, 2));
         #[name = \"Res_1.Conv_0\"] Conv(8, kernel: (3, 3));
         y3: Relu;
         #[name = \"Res_1.proj\"] proj: Conv(8, kernel: (1, 1)) from x;
         Add(proj, y3);
         max_pool(window_shape: (2, 2), strides: (2, 2));
         Flatten;
         #[name = \"Dense_0\"] Dense(3);
         output: [3];",
    );
}

#[test]
fn functions_of_keras() {
    ported(
        "
         def block(x, filters, stride=1):
             shortcut = x
             x = layers.Conv2D(filters, 3, strides=stride, padding='same')(x)
             if stride != 1:
                 shortcut = layers.Conv2D(filters, 1, strides=stride)(shortcut)
             return layers.Activation('relu')(layers.Add()([x, shortcut]))
         inputs = keras.Input(shape=(8, 8, 4))
         x = layers.Rescaling(1 / 255)(inputs)
         for filters, stride in [(4, 1), (8, 2)]:
             x = block(x, filters, stride)
         x = layers.Lambda(lambda t: t * 2 - 1)(x)
         model = keras.Model(inputs, layers.concatenate([x, x], axis=3))",
        "dialect: keras;
         input: [8, 8, 4];
         x: Rescaling(1 / 255);
         x2: Conv2D(4, kernel_size: 3, strides: 1, padding: \"same\");
         Add([x2, x]);
         y2: Activation(\"relu\");
         x3: Conv2D(8, kernel_size: 3, strides: 2, padding: \"same\");
         shortcut: Conv2D(8, kernel_size: 1, strides: 2) from y2;
         Add([x3, shortcut]);
         Activation(\"relu\");
         Scale(2.0);
         y6: AddScalar(-1.0);
         Concat(y6, y6, axis: -1);
         output: [4, 4, 16];",
    );
}

#[test]
fn several_inputs_of_keras() {
    ported(
        "a = keras.Input(shape=(16,))
         b = keras.Input(shape=(8,))
         y = layers.concatenate([layers.Dense(8)(a), b])
         model = keras.Model([a, b], layers.Dense(1)(y))",
        "dialect: keras;
         input: a [16], b [8];
         y: Dense(8);
         Concat(y, b, axis: -1);
         Dense(1);
         output: [1];",
    );
}

/// Nothing of a `forward` is dropped without a word.
#[test]
fn what_no_chain_says_is_listed() {
    let class = |line: &str| {
        format!(
            "class N(nn.Module):\n  def __init__(self):\n    super().__init__()\n    self.conv = nn.Conv2d(3, 3, 3, padding=1)\n    \
             self.gru = nn.GRU(3, 3)\n    self.register_buffer('mean', torch.zeros(3))\n  def forward(self, x):\n    {line}\n    \
             return self.conv(x)"
        )
    };
    for line in [
        "x = x % 2",
        "x = x // 2",
        "x = 2 ** x",
        "x = x & x",
        "x = x[0]",
        "x = x.T",
        "x = x.roll(1, 2)",
        "x = x.mean()",
        "x = x.sum(dim=0)",
        "x = x.softmax(0)",
        "x = x.flatten()",
        "x = x.view(3, -1)",
        "x = x.permute(1, 0, 2, 3)\n    x = self.conv(x)",
        "x[:, 0] = 0",
        "x = torch.cat([x, x])",
        "x = torch.cat([x, y], 1)",
        "x = torch.stack([x, x])",
        "x = torch.where(x > 0, x, -x)",
        "x = F.conv2d(x, self.conv.weight)",
        "x = F.max_pool2d(x, 2, return_indices=True)",
        "x = F.interpolate(x, scale_factor=2, antialias=True)",
        "x = F.pad(x, (-1, -1))",
        "x = x.clamp(max=1)",
        "x = other(x)",
        "x = self.other(x)",
        "x = self.gru(x)",
        "x = self.conv(x, x)",
        "x = self.conv(x, scale=2)",
        "x = x - self.mean",
        "x = x * unknown",
        "x = x + x.shape[0]",
        "x = x.detach().numpy()",
        "x = x if x.max() > 0 else -x",
        "if flag:\n      x = self.conv(x)",
        "for _ in range(n):\n      x = self.conv(x)",
        "while x.sum() > 0:\n      x = self.conv(x)",
        "x = [v async for v in x]\n    x = x[0]",
        "x = [a + b for a in x for b in x]",
        "x = {k: v for k, v in x}",
        "raise ValueError(x)",
    ] {
        let found = refused(&class(line));
        assert!(
            found.iter().any(|fault| fault.starts_with("line 8:")
                || fault.starts_with("line 9:")
                || fault.starts_with("line 5:")
                || fault.starts_with("line 6:")),
            "{line}: {found:?}"
        );
    }
}

/// The chain keeps a model's mistake, so that its check can name it.
#[test]
fn mistakes_stay() {
    let source = port("nn.Sequential(nn.Conv2d(1, 16, 3), nn.Conv2d(32, 8, 3))", "Net").expect("it can be read").source;
    assert!(source.contains("Conv2d(32 -> 8, kernel: 3)"), "{source}");
}

/// Any text gives a chain or a list, never a panic.
#[test]
fn cut_anywhere() {
    let python = "m = nn.Sequential(OrderedDict([('a', nn.Conv2d(1, 2, (3, 3), bias=False)), (\"b\", nn.ReLU())]))\n\
                  class N(nn.Module):\n  def forward(self, x):\n    return torch.cat([self.m(x), x + 1], 1)  # end\n";
    for end in 0..=python.len() {
        let _ = port(&python[..end], "Net");
        let _ = port(&python[end..], "Net");
    }
}

/// A class `Net` whose `forward` ends with these lines; `x` is what its first layer gives.
fn net(init: &str, forward: &str) -> String {
    let indented = |lines: &str| lines.lines().map(|line| format!("        {}\n", line.trim_end())).collect::<String>();
    format!(
        "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.conv = nn.Conv2d(3, 4, 3)\n{}\
         \n    def forward(self, x):\n        x = self.conv(x)\n{}\nmodel = Net()\nmodel(torch.randn(2, 3, 16, 16))\n",
        indented(init),
        indented(forward)
    )
}

/// Refuses one line of such a class, for a reason that contains `reason`.
#[track_caller]
fn lists(init: &str, forward: &str, reason: &str) {
    let python = net(init, forward);
    let found = refused(&python);
    assert!(matches!(found.as_slice(), [only] if only.contains(reason)), "{python}\n{found:?}");
}

#[track_caller]
fn gives(init: &str, forward: &str, expected: &str) {
    let python = net(init, forward);
    let lines = chain(&python);
    assert_eq!(lines[2..].join(" "), expected, "{python}");
}

#[test]
fn changes_in_place_reach_every_view() {
    let shared = "also changes another view";
    lists("", "y = x.view(x.size(0), -1)\ny.mul_(2)\nreturn x", shared);
    lists("", "y = x[:, 0:2]\ny.relu_()\nreturn x", shared);
    lists("", "a, b = x.chunk(2, dim=1)\na += 1\nreturn x", shared);
    lists("", "y = x.transpose(1, 2)\nF.relu(y, inplace=True)\nreturn x", shared);
    lists("", "y = x.unsqueeze(1)\nx *= 2\nreturn y", shared);
    lists("self.i = nn.Identity()", "y = self.i(x)\ny += 1\nreturn x", shared);
    lists(
        "self.flat = nn.Flatten()\nself.relu = nn.ReLU(inplace=True)",
        "y = self.relu(self.flat(x))\nreturn x.mean((2, 3)), y",
        shared,
    );
    // What is not read again may change, and parts of a split share nothing.
    gives("", "x = x.flatten(1)\nx += 1\nreturn x", "Flatten; AddScalar(1.0); output: [784];");
    gives(
        "",
        "q, k = x.chunk(2, dim=1)\nq *= 0.5\nreturn q + k",
        "q: Split(2, axis: 0); q2: Scale(0.5) from q.0; Add(q2, q.1); output: [2, 14, 14];",
    );
}

#[test]
fn changes_in_place_reach_every_name() {
    gives("", "o = [x]\nx += 1\nreturn o[0]", "AddScalar(1.0); output: [4, 14, 14];");
    gives("", "F.elu(x, 1.0, True)\nreturn x", "Elu(alpha: 1.0); output: [4, 14, 14];");
    gives("", "torch.relu_(x)\nreturn x", "Relu; output: [4, 14, 14];");
    // Python has read `x` on the left, but not what is in it.
    gives(
        "self.relu = nn.ReLU(inplace=True)",
        "return x + self.relu(x)",
        "relu: ReLU; Add(relu, relu); output: [4, 14, 14];",
    );
    gives("", "y = x.clone()\ny.mul_(3)\nreturn x + y", "y: Scale(3.0); Add(conv, y); output: [4, 14, 14];");
}

#[test]
fn a_softmax_that_chooses_its_axis() {
    gives("self.s = nn.LogSoftmax()", "return self.s(x)", "s: LogSoftmax(dim: 1); output: [4, 14, 14];");
    lists("self.s = nn.Softmax()", "return self.s(x.flatten(2))", "without `dim` goes over the batch");
}

#[test]
fn layers_changed_after_they_are_made() {
    let changed = "changes a layer after it was made";
    lists("self.conv.bias = None", "return x", changed);
    gives("self.conv.stddev = 0.1", "return x * 2", "Scale(2.0); output: [4, 14, 14];");
    lists("self.conv.stride = (2, 2)", "return x", changed);
    lists("self.b = nn.Conv2d(3, 4, 3)\nself.b.weight = self.conv.weight", "return x", changed);
    lists("self.s = nn.Sequential(nn.ReLU(), nn.Tanh())\ndel self.s[1]", "return self.s(x)", "cannot be followed");
    lists("self.conv.register_forward_hook(hook)", "return x", "adds cannot be followed");
    lists("self.forward = self.other", "return x", "what replaces it cannot be followed");
    lists("for m in self.modules():\n    m.eps = 1e-3", "return x", "whether `m.eps` changes");
    gives(
        "for m in self.modules():\n    if isinstance(m, nn.Conv2d):\n        m.weight.data.normal_(0, 0.1)\n        m.bias.data.zero_()",
        "return x * 2",
        "Scale(2.0); output: [4, 14, 14];",
    );
}

#[test]
fn loops_and_functions_of_python() {
    gives(
        "",
        "for i in range(3):\n    if i == 1:\n        break\n    x = x + i\nelse:\n    x = x * 7\nreturn x",
        "AddScalar(0.0); output: [4, 14, 14];",
    );
    gives("", "i = 0\nwhile i < 1:\n    i += 1\nelse:\n    x = x * 7\nreturn x", "Scale(7.0); output: [4, 14, 14];");
    lists("k = 1\nif flag:\n    k = 3\nself.c = nn.Conv2d(4, 4, k)", "return self.c(x)", "whether `k` changes");
    lists("", "global K\nreturn x", "variables outside");
    let captured = "fs = []\nfor i in range(1, 3):\n    f = lambda t, k=i: t * k\n    fs.append(f)\nreturn fs[0](x)";
    lists("", captured, "cannot be followed");
    let grown = "def grown(l=[nn.Tanh()]):\n    l.append(nn.Flatten())\n    return nn.Sequential(*l)\n";
    let twice = net("grown()\nself.s = grown()", "return self.s(x)");
    assert_eq!(chain(&format!("{grown}{twice}"))[2..].join(" "), "Tanh; Flatten; Flatten; output: [784];");
    let kept = "K = 2\ndef double(x, k=K):\n    return x * k\nK = 5\n";
    assert!(chain(&format!("{kept}{}", net("", "K = 7\nreturn double(x)"))).contains(&"Scale(2.0);".to_owned()));
    let wrapped = "
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
    @twice
    def forward(self, x):
        return self.conv(x)
";
    let twice = "def twice(f):\n    return lambda *a: f(*a) * 2\n";
    assert_eq!(refused(&format!("{twice}{wrapped}")), ["line 9: what `@twice` does to `forward` cannot be followed"]);
}

#[test]
fn methods_of_lists_and_dicts() {
    let made = |lines: &str| format!("{lines}\nself.s = nn.Sequential(*l)");
    let run = "return self.s(x)";
    gives(&made("l = [nn.ReLU()]\nl.insert(-1, nn.Flatten())"), run, "Flatten; ReLU; output: [784];");
    gives(&made("l = [nn.ReLU()]\nl.clear()\nl.append(nn.Tanh())"), run, "Tanh; output: [4, 14, 14];");
    lists(
        "w = [4, 8]\nw.reverse()\nw.remove(4)\nself.s = nn.Conv2d(4, w[0], 1)",
        run,
        "`w.remove(4)` cannot be followed",
    );
    gives(
        "a = {'r': nn.Flatten(), 't': nn.Tanh()}\na['r'] = nn.Dropout()\nself.s = nn.Sequential(*a.values())",
        run,
        "Dropout; Tanh; output: [4, 14, 14];",
    );
    gives("self.s = nn.Conv2d(4, sorted([8, 2])[0], 1)", run, "s: Conv2d(4 -> 2, kernel: 1); output: [2, 14, 14];");
    let conv = |lines: &str| format!("{lines}\nself.s = nn.Conv2d(4, **a)");
    let expected = "s: Conv2d(4 -> 8, kernel_size: 1); output: [8, 14, 14];";
    gives(&conv("a = dict(out_channels=4, kernel_size=1)\na.update(out_channels=8)"), run, expected);
    gives(&conv("a = dict(out_channels=8, kernel_size=1)\nb = dict(a)\nb['kernel_size'] = 3"), run, expected);
    gives(&conv("a = dict(out_channels=8, kernel_size=1, k=3)\na.pop('k')"), run, expected);
}

#[test]
fn arguments_in_the_place_of_others() {
    gives("self.p = nn.PReLU(4)", "return self.p(x)", "p: PReLU(4); output: [4, 14, 14];");
    lists("self.p = nn.Sigmoid(4)", "return self.p(x)", "more values than are known");
    lists("self.p = nn.LazyConv2d(8, 3)", "return self.p(x)", "takes its sizes from its first input");
}

#[test]
fn one_check_tells_the_shapes_of_many_values() {
    let python = "class Net(nn.Module):
             def __init__(self):
                 super().__init__()
                 self.downs = nn.ModuleList([nn.Conv2d(8, 8, 3, padding=1) for _ in range(6)])
                 self.ups = nn.ModuleList([nn.Conv2d(16, 8, 3, padding=1) for _ in range(6)])

             def forward(self, x):
                 seen = []
                 for down in self.downs:
                     x = F.relu(down(x))
                     seen.append(x)
                     x = F.max_pool2d(x, 2)
                 for up in self.ups:
                     skip = seen.pop()
                     x = F.interpolate(x, size=skip.shape[2:])
                     x = F.relu(up(torch.cat((x, skip), 1)))
                 return x";
    let lines = super::lines::lines(python).expect("Python");
    let trial = ["[8, 64, 64]".to_owned()];
    let machine = super::run(&super::stmts::stmts(&lines), super::Dialect::Torch, "Net", &trial, 0);
    assert_eq!(machine.faults, []);
    // The down path is checked once, for all six shapes.
    assert_eq!((machine.program.statements.len(), machine.drafted), (6 * 3 + 6 * 4, 6 * 3));
}

#[test]
fn what_runs_too_long_is_refused() {
    let of = |body: &str| {
        refused(&format!(
            "class Net(nn.Module):\n    def forward(self, x):\n        seen = [1, 2]\n        {body}\n        return F.relu(x)"
        ))
    };
    let too_long = ["line 4: the program runs too long to be followed"];
    assert_eq!(of("while True: x = F.relu(x)"), too_long);
    assert_eq!(of("while True: pass"), too_long);
    assert_eq!(of("for _ in range(4000): seen = seen + seen"), too_long);
    assert_eq!(of("for _ in range(4000): seen += seen"), too_long);
    assert_eq!(of("a = [1 for _ in range(4000) if [2 for _ in range(4000)]]"), too_long);
}

#[test]
fn comprehensions_of_all_kinds() {
    let run = "return self.s(x)";
    let expected = "s_0: Conv2d(4 -> 8, kernel: 1); s_1: Conv2d(8 -> 2, kernel: 1); output: [2, 14, 14];";
    let expected = expected.replace("s_0: ", "#[name = \"s.0\"] ").replace("s_1: ", "#[name = \"s.1\"] ");
    let two = |list: &str| gives(&format!("self.s = nn.Sequential({list})"), run, &expected);
    two("*(nn.Conv2d(a, b, 1) for a, b in ((4, 8), (8, 2)))");
    two("*[nn.Conv2d(a, b, 1) for a, b in zip((4, 8), (8, 2))]");
    two("*[nn.Conv2d(a, b, 1) for a in (4, 8) for b in (8, 2) if a + b in (10, 12) if b < a or a == 4 and b == 8]");
    gives(
        "l = nn.ModuleList(nn.Conv2d(4, s + i, 1) for s in range(2) for i in range(3))\nself.s = l[-1]",
        run,
        "s: Conv2d(4 -> 1 + 2, kernel: 1); output: [3, 14, 14];",
    );
    // The variables of a comprehension are its own.
    gives(
        "w = 2\na = [w for w in (5, 6)]\nb = {w: a for w, a in ((7, 8),)}\nself.s = nn.Conv2d(4, w, b[7])",
        run,
        "s: Conv2d(4 -> 2, kernel: 8); output: [2, 7, 7];",
    );
    gives(
        "self.s = nn.ModuleDict({f'fc{i}': nn.Conv2d(4, 4, i) for i in range(1, 3)})",
        "for name in self.s:\n    x = self.s[name](x)\nreturn x",
        "#[name = \"s.fc1\"] fc1: Conv2d(4 -> 4, kernel: 1); #[name = \"s.fc2\"] fc2: Conv2d(4 -> 4, kernel: 2); \
         output: [4, 13, 13];",
    );
    gives(
        "self.s = nn.ModuleDict({f'fc{i:02d}_{i:1}': nn.Conv2d(4, 4, i) for i in (1, 12)})",
        "return self.s['fc12_12'](self.s['fc01_1'](x))",
        "#[name = \"s.fc01_1\"] fc01_1: Conv2d(4 -> 4, kernel: 1); \
         #[name = \"s.fc12_12\"] fc12_12: Conv2d(4 -> 4, kernel: 12); output: [4, 3, 3];",
    );
    lists("self.s = nn.ModuleDict({f'fc{i:x}': nn.ReLU() for i in range(2)})", "return x.relu()", "is not known here");
    lists("self.s = nn.Sequential(*(nn.Conv2d(4, w, 1) for w in widths))", run, "unpacks a list");
    lists("self.s = nn.ModuleDict({i: nn.ReLU() for i in range(2)})", "return self.s[0](x)", "is not a text");
    lists("self.s = {nn.ReLU() for i in range(2)}", run, "cannot be read");
}

#[test]
fn items_of_items() {
    let run = "for layer in self.s:\n    x = layer['a'](x)\n    if 'b' in layer:\n        x = layer['b'](x)\nreturn x";
    let expected = "a: ReLU; #[name = \"s.0.b\"] b: Conv2d(4 -> 4, kernel: 1); s_1_a: Tanh; output: [4, 14, 14];";
    let of = |lines: &str| gives(lines, run, expected);
    of("l = [nn.ModuleDict({'a': nn.ReLU()}), nn.ModuleDict({'a': nn.Tanh()})]
        l[0]['b'] = nn.Conv2d(4, 4, 1)
        self.s = nn.ModuleList(l)");
    of("self.s = nn.ModuleList(nn.ModuleDict({'a': nn.Tanh()}) for _ in range(2))
        self.s[0]['b'] = nn.Conv2d(4, 4, 1)
        self.s[0]['a'] = nn.ReLU()");
    lists("self.s = nn.ModuleList([nn.ReLU()])\nself.s[1] = nn.Tanh()", "return self.s[0](x)", "cannot be given");
    lists("self.s = nn.ModuleDict()\nself.s[k] = nn.Tanh()", "return x.relu()", "cannot be given");
    lists("self.s = nn.ModuleDict()\nself.s.update({'a': nn.Tanh()})", "return x.relu()", "cannot be followed");
}

#[test]
fn truths_count() {
    let run = "return self.s(x)";
    let conv = |padding: &str| format!("self.s = nn.Conv2d(4, 4, 3, padding=int({padding}))");
    let expected = |padding: usize| {
        format!("s: Conv2d(4 -> 4, kernel: 3, padding: {padding}); output: [4, {0}, {0}];", 12 + 2 * padding)
    };
    gives(&conv("2 < 6"), run, &expected(1));
    gives(&conv("2 > 6"), run, &expected(0));
    gives(&conv("(2 < 6) == 1"), run, &expected(1));
    gives("self.s = nn.Sequential(*[nn.ReLU()] * (1 > 0), *[nn.Tanh()] * (1 > 2))", run, "ReLU; output: [4, 14, 14];");
    lists(&conv("unknown < 6"), run, "cannot be followed");
}

#[test]
fn lists_of_values_join() {
    gives(
        "self.s = nn.Conv2d(4, 4, 1)",
        "a = [x, self.s(x)]\na = a[:1] + [F.relu(y) for y in a[1:]]\nreturn torch.cat(a, 1)",
        "s: Conv2d(4 -> 4, kernel: 1); a: Relu; Concat(conv, a, dim: 1); output: [8, 14, 14];",
    );
    lists("self.s = nn.Conv2d(4, 4, 1)", "return [self.s(x)] - [x]", "cannot be translated");
}

#[test]
fn new_axes_of_parameters() {
    let scale = "self.g = nn.Parameter(torch.ones(4))";
    let expected = |shape: &str| {
        format!("g: Parameter([4], init: 1.0); y: Reshape([{shape}]) from g; Mul(y, conv); output: [4, 14, 14];")
    };
    gives(scale, "return self.g[:, None, None] * x", &expected("4, 1, 1"));
    gives(scale, "return self.g[None, :, None, None] * x", &expected("4, 1, 1"));
    gives(scale, "return self.g[..., None, None] * x", &expected("4, 1, 1"));
    lists(scale, "return self.g[0] * x", "cannot be translated");
    lists(scale, "return self.g[:2, None, None] * x", "cannot be translated");
}

#[test]
fn the_classes_of_an_instance() {
    let python = |kind: &str| {
        format!(
            "
             class A(nn.Module):
                 def forward(self, x):
                     return F.relu(x)

             class B(A):
                 pass

             class Net(nn.Module):
                 def __init__(self):
                     super().__init__()
                     self.parts = nn.ModuleList([B(), nn.Flatten()])

                 def forward(self, x):
                     for part in self.parts:
                         x = part(x) * 2 if isinstance(part, {kind}) else part(x)
                     return x"
        )
    };
    ported(&python("A"), "input: [3, 28, 28];\nRelu;\nScale(2.0);\nFlatten;\noutput: [2352];");
    ported(&python("B"), "input: [3, 28, 28];\nRelu;\nScale(2.0);\nFlatten;\noutput: [2352];");
    ported(&python("Net"), "input: [3, 28, 28];\nRelu;\nFlatten;\noutput: [2352];");
}

#[test]
fn sequences_with_the_batch_on_the_second_axis() {
    let of = |lstm: &str, order: &str| {
        let init = format!("self.s = nn.LSTM(4, 5, bidirectional=True{lstm})");
        (init, format!("y = self.s(x.flatten(2).permute({order}))[0]\nreturn y.permute(1, 2, 0)"))
    };
    let (init, run) = of("", "2, 0, 1");
    let expected = "Flatten(start_dim: 2); Transpose(0, 1); #[name = \"s\"] LSTM(4 -> 5, bidirectional: true); \
                    Transpose(0, 1); output: [10, 196];";
    gives(&init, &run, &expected.replace("#[name = \"s\"] ", "s: "));
    gives(
        "self.l = nn.Linear(4, 6)\nself.s = nn.GRU(6, 5)",
        "return self.s(self.l(x.flatten(2).permute(2, 0, 1)))[0].permute(1, 0, 2)",
        "Flatten(start_dim: 2); Transpose(0, 1); l: Linear(4 -> 6); s: GRU(6 -> 5); output: [196, 5];",
    );
    // The last axis counts the samples.
    lists("self.l = nn.Linear(4, 6)", "return self.l(x.permute(1, 2, 3, 0))", "not on the first axis");
    // Here the samples are where the steps of the sequence should be.
    let (init, run) = of("", "0, 2, 1");
    lists(&init, &run, "without `batch_first=True`");
    let (init, run) = of(", batch_first=True", "2, 0, 1");
    lists(&init, &run, "not on the first axis");
}

#[test]
fn letters_and_insertions() {
    let expected = "s_1: Tanh; s_0: Conv2d(4 -> 4, kernel: 1); output: [4, 14, 14];";
    gives(
        "self.s = nn.ModuleList([nn.Tanh()])\nself.s.insert(0, nn.Conv2d(4, 4, 1))",
        "return self.s[0](self.s[1](x))",
        &expected.replace("s_1: ", "").replace("s_0: ", "#[name = \"s.0\"] "),
    );
    gives(
        "self.s = nn.ModuleDict({f'{k}_proj': nn.Conv2d(4, 4, 1) for k in 'ab'})",
        "a, b = (self.s[f'{k}_proj'](x) for k in 'ba')\nreturn a - b",
        "#[name = \"s.b_proj\"] b_proj: Conv2d(4 -> 4, kernel: 1); \
         #[name = \"s.a_proj\"] a_proj: Conv2d(4 -> 4, kernel: 1) from conv; Sub(b_proj, a_proj); output: [4, 14, 14];",
    );
    lists("self.s = nn.ModuleList([nn.Tanh()])\nself.s.insert(k, nn.ReLU())", "return self.s[0](x)", "cannot be");
}

/// The chain of a class with these lines in its constructor's place, after lines of the program.
#[track_caller]
fn class(before: &str, body: &str, after: &str, expected: &str) {
    let python = format!("{before}\nclass Net(nn.Module):\n{body}\n{after}\n");
    let lines = chain(&python);
    assert_eq!(lines.join(" "), expected, "{python}");
}

#[test]
fn classes_that_extend_a_layer() {
    let causal = "
class Causal(nn.Conv1d):
    def __init__(self, n, kernel_size, dilation=1, **kwargs):
        self.pad = (kernel_size - 1) * dilation
        super().__init__(n, n, kernel_size, dilation=dilation, **kwargs)
    def forward(self, x):
        return super(Causal, self).forward(F.pad(x, (self.pad, 0)))
class Same(nn.Conv1d):
    def forward(self, x):
        x = super().forward(F.pad(x, (self.dilation[0] * (self.kernel_size[0] - 1), 0)))
        return x * self.out_channels
";
    class(
        causal,
        "    def __init__(self):
        super().__init__()
        self.a = Causal(4, 3, dilation=2, bias=False)
        self.b = nn.ModuleList([Same(4, 8, 3)])
    def forward(self, x):
        return self.b[0](self.a(x))",
        "x = torch.randn(1, 4, 50)",
        "input: [4, 50]; ZeroPad1d((4, 0)); a: Conv1d(4 -> 4, kernel: 3, dilation: 2, bias: false); ZeroPad1d((2, 0)); \
         #[name = \"b.0\"] Conv1d(4 -> 8, kernel: 3); Scale(8.0); output: [8, 50];",
    );
}

#[test]
fn functions_that_make_models() {
    let classes = "
class Block(nn.Module):
    expansion = 2
    def __init__(self, n):
        super(Block, self).__init__()
        self.conv = nn.Conv2d(n, n * self.expansion, 3)
    def forward(self, x):
        return self.conv(x)
class Net(nn.Module):
    def __init__(self, block, depth):
        super(Net, self).__init__()
        self.layers = nn.Sequential(*[block(3 * block.expansion ** i) for i in range(depth)])
    def forward(self, x):
        return self.layers(x)
def NetOf(depth):
    return Net(Block, depth)
def Net2():
    return Net(Block, [1, 2, 3][1])
";
    let test = "def test():\n    net = Net2()\n    y = net(torch.randn(2, 3, 20, 16))\n";
    let lines = "input: [3, 20, 16]; #[name = \"layers.0.conv\"] conv: Conv2d(3 * 1 -> 3 * 1 * 2, kernel: 3); \
                 #[name = \"layers.1.conv\"] layers_1_conv: Conv2d(3 * 2 -> 3 * 2 * 2, kernel: 3); output: [12, 16, 12];";
    let of = |python: &str, name: &str| port(python, name).map(|ported| ported.source);
    let two = of(&format!("{classes}{test}"), "M").expect("one function makes it");
    assert_eq!(
        two.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" "),
        format!("convshape::conv_chain! {{ pub struct Net {{ {lines} }} }}")
    );
    let three = "def Net3():\n    return Net(Block, 3)\n";
    let several = of(&format!("{classes}{three}{test}"), "M").expect_err("two functions");
    let reason = "line 19: `Net2` and `Net3` both make a model: choose one with `--name Net3`";
    assert_eq!(several.iter().map(ToString::to_string).collect::<Vec<_>>(), [reason]);
    let chosen = of(&format!("{classes}{three}{test}"), "Net3").expect("its name");
    assert!(chosen.contains("layers.2.conv"), "{chosen}");
    // A function that runs its own model says which it is.
    let run = "def main():\n    model = Net(Block, depth=1)\n    model(torch.randn(1, 3, 9, 9))\nmain()\n";
    assert!(of(&format!("{classes}{run}"), "M").is_ok_and(|source| source.contains("output: [6, 7, 7]")));
}

#[test]
fn classes_of_sizes() {
    class(
        "@dataclass
class Config:
    hidden: int
    out: int = 8
    widths: list = field(default_factory=lambda: [4, 6])
cfg = Config(16, out=2)
cfg.bias = False",
        "    def __init__(self, config: Config):
        super().__init__()
        self.a = nn.Linear(config.widths[1], config.hidden, bias=config.bias)
        self.b = nn.Linear(config.hidden, int(config.out * 0.5))
    def forward(self, x):
        return self.b(self.a(x))",
        "model = Net(cfg)",
        "input: [6]; a: Linear(6 -> 16, bias: false); b: Linear(16 -> 1); output: [1];",
    );
}

#[test]
fn models_of_other_files() {
    let made = |last: &str| {
        let init = format!("b = torchvision.models.resnet18(pretrained=True)\nself.b = {last}");
        refused(&net(&init, "return self.b(x)"))
    };
    let reason = "line 5: `resnet18` is a model of another file: add its source, or export it to ONNX and use `cargo convshape \
                  import`";
    assert_eq!(made("nn.Sequential(*list(b.children())[:-2])"), [reason]);
    assert_eq!(made("b"), [reason]);
}

#[test]
fn functions_that_test_models() {
    let python = |test: &str| {
        format!(
            "cfg = {{'A': [4, 'M', 8]}}
class VGG(nn.Module):
    def __init__(self, vgg_name):
        super().__init__()
        layers = []
        last = 3
        for x in cfg[vgg_name]:
            layers += [nn.MaxPool2d(2)] if x == 'M' else [nn.Conv2d(last, x, 3, padding=1)]
            last = last if x == 'M' else x
        self.features = nn.Sequential(*layers)
    def forward(self, x):
        return self.features(x)
{test}"
        )
    };
    ported(
        &python("def test():\n    net = VGG('A')\n    print(net(torch.randn(2, 3, 32, 32)).size())"),
        "input: [3, 32, 32];
         #[name = \"features.0\"] Conv2d(3 -> 4, kernel: 3, padding: 1);
         MaxPool2d(2);
         #[name = \"features.2\"] Conv2d(4 -> 8, kernel: 3, padding: 1);
         output: [8, 16, 16];",
    );
    let reason = "line 7: `vgg_name` is a parameter without a number: write `vgg_name = 16` in a line before";
    assert_eq!(refused(&python("")), [reason]);
}

#[test]
fn parameters_meet_the_last_axis() {
    let init = "self.c = nn.Conv2d(4, 14, 1)\nself.g = nn.Parameter(torch.ones(14))";
    let line = "c: Conv2d(4 -> 14, kernel: 1); g: Parameter([14], init: 1.0);";
    let last = format!("{line} g2: Reshape([1, 14]) from g; Mul(g2, c); output: [14, 14, 14];");
    let first = format!("{line} y: Reshape([14, 1, 1]) from g; Mul(y, c); output: [14, 14, 14];");
    gives(init, "x = self.c(x)\nreturn self.g * x", &last);
    gives(init, "x = self.c(x)\nreturn self.g[:, None, None] * x", &first);
}

#[test]
fn classes_in_small_letters() {
    let python = "class conv_net(nn.Module):\n    def forward(self, x):\n        return F.relu(x)";
    assert!(port(python, "M").is_ok_and(|ported| ported.source.contains("pub struct ConvNet {")));
}

#[test]
fn options_of_a_program() {
    let options = "
parser = argparse.ArgumentParser(description='GAN')
parser.add_argument('-n', '--latent-dim', type=int, default=8, help='size')
parser.add_argument('--ngpu', type=int)
parser.add_argument('--bias', action='store_true')
opt, _ = parser.parse_known_args()
opt.wide = opt.latent_dim * 2
";
    class(
        options,
        "    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(opt.latent_dim, opt.wide, bias=opt.bias)
    def forward(self, z):
        if z.is_cuda and opt.ngpu > 1:
            return nn.parallel.data_parallel(self.fc, z, range(opt.ngpu))
        return self.fc(z)",
        "",
        "input: [8]; fc: Linear(8 -> 16, bias: false); output: [16];",
    );
    let open = net("self.fc = nn.Conv2d(4, opt.ngpu, 1)", "return self.fc(x)");
    assert_eq!(refused(&format!("{options}{open}")), ["line 4: `--ngpu` has no default: write one"]);
}

#[test]
fn layers_in_variables() {
    let norm = |kind: &str| {
        format!(
            "norm = {kind}\nif type(norm) == functools.partial:\n    bias = norm.func == nn.InstanceNorm2d\n\
             else:\n    bias = norm == nn.InstanceNorm2d\nself.c = nn.Conv2d(self.conv.out_channels, 2, 1, bias=bias)\n\
             self.n = norm(2)"
        )
    };
    gives(
        &norm("functools.partial(nn.InstanceNorm2d, affine=True, eps=1e-3)"),
        "return self.n(self.c(x))",
        "c: Conv2d(4 -> 2, kernel: 1, bias: true); n: InstanceNorm2d(2, affine: true, eps: 0.001); output: [2, 14, 14];",
    );
    gives(
        &norm("nn.BatchNorm2d"),
        "return self.n(self.c(x))",
        "c: Conv2d(4 -> 2, kernel: 1, bias: false); n: BatchNorm2d(2); output: [2, 14, 14];",
    );
    gives(
        "self.w = weight_norm(nn.Conv2d(4, 2, 1))",
        "return self.w(x)",
        "w: Conv2d(4 -> 2, kernel: 1); output: [2, 14, 14];",
    );
    gives(
        "self.w = weight_norm(module=nn.Conv2d(4, 2, 1))",
        "return self.w(x)",
        "w: Conv2d(4 -> 2, kernel: 1); output: [2, 14, 14];",
    );
    lists("self.w = weight_norm(nn.Conv2d(4, 2, 1), dim=1)", "return self.w(x)", "without it");
    let norm = "self.w = nn.Parameter(torch.ones(14))";
    lists(norm, "return F.layer_norm(x, (14,), self.w)", "write the layer `LayerNorm`");
    lists("", "return F.conv2d(x, w, stride=2)", "write the layer `Conv2d`");
    gives(
        "",
        "k = 8\nif 4 & 3 == 0 and (k | 1) >> 1 == 1 << 2 and k ^ 8 == 0:\n    x = x * 2\nreturn x",
        "Scale(2.0); output: [4, 14, 14];",
    );
}

#[test]
fn names_and_places_of_lists() {
    gives(
        "self.s = nn.Sequential()\nfor i in range(2):\n    self.s.add_module('c%d_%02d' % (i, i), nn.Conv2d(4, 4, 1))\n\
         self.s.add_module('{}_{:02d}'.format('last', 3), nn.Tanh())",
        "return self.s(x)",
        "#[name = \"s.c0_00\"] c0_00: Conv2d(4 -> 4, kernel: 1); #[name = \"s.c1_01\"] c1_01: Conv2d(4 -> 4, kernel: 1); \
         last_03: Tanh; output: [4, 14, 14];",
    );
    let widths = "w = [4, 8, 16, 32]\nself.s = nn.Sequential(*[nn.Conv2d(a, b, 1) for a, b in zip({}, {})])";
    let of = |a: &str, b: &str| widths.replacen("{}", a, 1).replacen("{}", b, 1);
    let back = "s_0: Conv2d(4 -> 32, kernel: 1); s_1: Conv2d(32 -> 4, kernel: 1); output: [4, 14, 14];";
    let back = back.replace("s_0: ", "#[name = \"s.0\"] ").replace("s_1: ", "#[name = \"s.1\"] ");
    gives(&of("w[-4:-6:-1] + w[:2:-1]", "w[3::2] + w[-4::-5]"), "return self.s(x)", &back);
    gives(
        "",
        "first, *rest, last = [x, x + 1, x + 2, x * 3]\nreturn sum(rest) + last",
        "first: AddScalar(1.0); first2: AddScalar(2.0) from conv; first3: Scale(3.0) from conv; sum: Add(first, first2); \
         Add(sum, first3); output: [4, 14, 14];",
    );
    gives("", "return sum([x + 1], x)", "y: AddScalar(1.0); Add(conv, y); output: [4, 14, 14];");
}

#[test]
fn axes_in_front_of_the_batch() {
    let stacked = |reduced: &str| format!("y = torch.stack([x, x * 2])\nreturn {reduced}");
    let expected =
        |layer: &str, shape: &str| format!("y: Scale(2.0); Stack(conv, y, axis: 0); {layer}; output: {shape};");
    gives("", &stacked("y.sum(dim=0)"), &expected("Sum(axis: 0)", "[4, 14, 14]"));
    gives("", &stacked("torch.mean(y, (0, -1))"), &expected("Mean(axis: (0, 3))", "[4, 14]"));
    lists("", &stacked("y.sum(1)"), "goes over the batch");
    lists("", &stacked("y"), "not on the first axis");
}

#[test]
fn every_other_element() {
    gives("", "return x[:, :, ::2, 1::2]", "Slice(1.., axis: 2); MaxPool2d(1, stride: 2); output: [4, 7, 7];");
    gives("", "return x[..., ::3]", "MaxPool2d(1, stride: (1, 3)); output: [4, 14, 5];");
    gives(
        "",
        "return x[:, 1::2, 3]",
        "Slice(1.., axis: 0); Slice(3..4, axis: 1); Reshape([1, 3, 14]); MaxPool2d(1, stride: (2, 1)); Reshape([2, 1, 14]); \
         Reshape([2, 14]); output: [2, 14];",
    );
    lists("", "return x[:, :, ::-1]", "cannot be translated");
    lists("", "return x[::2]", "cannot be translated");
    gives("", "return x.mean((1, 2, 3)).view(x.size(0))", "Mean(dim: (1, 2, 3)); Reshape([1]); output: [1];");
    lists(
        "self.c = nn.Conv2d(5, 4, 1)",
        "x = self.c(x)\nreturn x.view(x.size(0), x.size(1), -1)",
        "do not fit an input of",
    );
}
