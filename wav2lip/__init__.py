"""The Wav2Lip network: its layers and weights, and the engines that run it."""
