"""The flags of the commands that the host runs, word for word."""

PRODUCTION = ("--fp16", "--silence_gating", "--silence_threshold", "0.01")
LOOKS = {
    "ellipse": "--blend_method ellipse --mouth_region_size 0.4 --sharpen_mouth"
    " --sharpen_amount 0.6",
    "ellipse, less blur": "--blend_method ellipse --mouth_region_size 0.4 --sharpen_mouth"
    " --sharpen_amount 0.6 --blur_intensity 41",
    "hd": "--blend_method hd --mouth_region_size 0.6 --blur_intensity 61",
}
USUAL = LOOKS["ellipse"]
