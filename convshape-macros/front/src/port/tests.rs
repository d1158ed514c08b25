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
         add([y, stem]);
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
            "layers = []\nfor i in range(4):\n    layers.append(nn.Conv2d(3, 3, 3))\nnet = nn.Sequential(*layers)",
            &[
                "line 3: a layer inside `for`: write out the layers that it gives",
                "line 4: `*layers` unpacks a list: write its layers out",
            ],
        ),
        (
            "def block(a, b):\n    return nn.Conv2d(a, b, 3)\nnet = nn.Sequential(block(3, 32), nn.ReLU())",
            &["line 3: `block` is the program's own: write its layers out"],
        ),
        (
            "net = nn.Sequential(\n    nn.Conv2d(3, 8, 3),\n    SEBlock(8),\n)",
            &["line 3: `SEBlock` is no layer that a chain has"],
        ),
        (
            "class A(nn.Module):\n  def __init__(self, n):\n    self.fc = nn.Linear(n, 3)",
            &["line 3: `n` is a parameter without a number: write `n = 16` in a line before"],
        ),
        (
            "class A(nn.Module):\n  def __init__(self):\n    self.fc = nn.Linear(1, 3)\n\
             class B(nn.Module):\n  def __init__(self):\n    self.fc = nn.Linear(1, 3)",
            &["line 4: `B` is a second class, after `A`: write one class at a time"],
        ),
        (
            "class V(nn.Module):\n  def __init__(self):\n    self.fc = nn.Linear(784, 400)\n\
             \n  def encode(self, x):\n    return self.fc(x)\n\
             \n  def forward(self, x):\n    mu, logvar = self.encode(x)\n    return mu",
            &["line 9: `encode` is the program's own: write its layers out"],
        ),
        (
            "a = keras.Input(shape=(4,))\nb = keras.Input(shape=(4,))\nc = layers.Dense(3)(a)",
            &["line 2: a second input: write the chain's `input` with two ports"],
        ),
        (
            "x = keras.Input(shape=(4,))\nx = MyLayer(3)(x)\nx = layers.Dense(3)(x)",
            &["line 2: `MyLayer` is no layer that a chain has"],
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
