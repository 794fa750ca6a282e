"""How PEFT names the tensors of an adapter: a layer's A, (rank, in), and B, (out, rank)."""

PREFIX = "base_model.model."
DOWN, UP = ".lora_A.weight", ".lora_B.weight"
