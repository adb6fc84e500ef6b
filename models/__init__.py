"""Files of models: what each is by what it holds, where it lies, what it is good for."""
