"""From what is heard, a style and noise to how the head moves: audio2pose."""

from collections import OrderedDict

import torch
from torch import Tensor, nn

from sadtalker.audio_encoder import FEATURES, AudioEncoder
from sadtalker.coefficients import POSE, POSE_BLOCK, POSE_NOISE
from sadtalker.manner import STYLES

HIDDEN = 128


class PoseNetwork(nn.Module):
    """Windows (32, 1, 80, 16), a pose (1, 6), noise (1, 64), a style (1,) -> (32, 6) to add."""

    def __init__(self) -> None:
        super().__init__()
        self.netG = Variational()
        self.audio_encoder = AudioEncoder()

    def forward(self, windows: Tensor, source: Tensor, noise: Tensor, style: Tensor) -> Tensor:
        heard = self.audio_encoder(windows)[None]  # (1, 32, 512)
        motion: Tensor = self.netG.decoder(heard, source, noise, style)
        return motion[0]


class Variational(nn.Module):
    """The decoder alone; the encoder beside it in the file is for training."""

    def __init__(self) -> None:
        super().__init__()
        self.decoder = PoseDecoder()


class PoseDecoder(nn.Module):
    """Audio features (n, 32, 512), poses (n, 6), noise (n, 64), styles (n,) -> (n, 32, 6)."""

    def __init__(self) -> None:
        super().__init__()
        self.classbias = nn.Parameter(torch.zeros(STYLES, POSE_NOISE))
        self.resunet = PoseUNet()
        self.MLP = nn.Sequential(
            OrderedDict(
                L0=nn.Linear(POSE + POSE_NOISE + POSE_BLOCK * POSE, HIDDEN),
                A0=nn.ReLU(),
                L1=nn.Linear(HIDDEN, POSE_BLOCK * POSE),
                sigmoid=nn.Sigmoid(),
            )
        )
        self.pose_linear = nn.Linear(POSE, POSE)
        self.linear_audio = nn.Linear(FEATURES, POSE)

    def forward(self, heard: Tensor, source: Tensor, noise: Tensor, style: Tensor) -> Tensor:
        heard = self.linear_audio(heard).flatten(1)  # (n, 192)
        latent = noise + self.classbias[style]
        rough = self.MLP(torch.cat((source, latent, heard), 1))
        smooth = self.resunet(rough.reshape(-1, 1, POSE_BLOCK, POSE))[:, 0]
        motion: Tensor = self.pose_linear(smooth)
        return motion


class PoseUNet(nn.Module):
    """(n, 1, 32, 6) -> (n, 1, 32, 6) in 0..1; only time is halved."""

    def __init__(self) -> None:
        super().__init__()
        self.input_layer = nn.Sequential(
            nn.Conv2d(1, 32, 3, padding=1),
            nn.BatchNorm2d(32),
            nn.ReLU(),
            nn.Conv2d(32, 32, 3, padding=1),
        )
        self.input_skip = nn.Sequential(nn.Conv2d(1, 32, 3, padding=1))
        self.residual_conv_1 = Residual2d(32, 64, (2, 1))
        self.residual_conv_2 = Residual2d(64, 128, (2, 1))
        self.bridge = Residual2d(128, 256, (2, 1))
        self.upsample_1 = UpTime(256)
        self.up_residual_conv1 = Residual2d(256 + 128, 128)
        self.upsample_2 = UpTime(128)
        self.up_residual_conv2 = Residual2d(128 + 64, 64)
        self.upsample_3 = UpTime(64)
        self.up_residual_conv3 = Residual2d(64 + 32, 32)
        self.output_layer = nn.Sequential(nn.Conv2d(32, 1, 1), nn.Sigmoid())

    def forward(self, x: Tensor) -> Tensor:
        whole = self.input_layer(x) + self.input_skip(x)  # (n, 32, 32, 6)
        half = self.residual_conv_1(whole)  # (n, 64, 16, 6)
        quarter = self.residual_conv_2(half)  # (n, 128, 8, 6)
        x = self.bridge(quarter)  # (n, 256, 4, 6)
        x = self.up_residual_conv1(torch.cat((self.upsample_1(x), quarter), 1))
        x = self.up_residual_conv2(torch.cat((self.upsample_2(x), half), 1))
        x = self.up_residual_conv3(torch.cat((self.upsample_3(x), whole), 1))
        smooth: Tensor = self.output_layer(x)
        return smooth


class Residual2d(nn.Module):
    """Batch norm, ReLU and convolution, twice, beside a convolution with batch norm."""

    def __init__(self, inputs: int, outputs: int, stride: int | tuple[int, int] = 1) -> None:
        super().__init__()
        self.conv_block = nn.Sequential(
            nn.BatchNorm2d(inputs),
            nn.ReLU(),
            nn.Conv2d(inputs, outputs, 3, stride, 1),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
            nn.Conv2d(outputs, outputs, 3, padding=1),
        )
        self.conv_skip = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride, 1), nn.BatchNorm2d(outputs)
        )

    def forward(self, x: Tensor) -> Tensor:
        total: Tensor = self.conv_block(x) + self.conv_skip(x)
        return total


class UpTime(nn.Module):
    """Twice as long in time."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.upsample = nn.ConvTranspose2d(channels, channels, (2, 1), (2, 1))

    def forward(self, x: Tensor) -> Tensor:
        longer: Tensor = self.upsample(x)
        return longer
