"""What the flags of stages take; without imports, so that --help need not wait for them."""

FACTORS = (2, 4)  # by which a picture is enlarged
UPSCALERS = ("lanczos", "bilinear", "nearest")
REGIONS = ("face", "mouth")  # what of a face is restored
