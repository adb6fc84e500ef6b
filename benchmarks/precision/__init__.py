"""The precisions of the OpenVINO engine side by side: speed, exactness and the meters."""
