"""A causal language model that repeats texts with ``##marks##`` around their entities."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any

from ner_retriever.detect.sources import model_identity, not_loaded
from ner_retriever.errors import UnsupportedModel

PROMPT = """Repeat each sentence and mark every named entity in it ##like this##.

Sentence: Lena Ortiz left Nimbus Robotics to restore the steamboat Heron on Lake Arvo.
Marked: ##Lena Ortiz## left ##Nimbus Robotics## to restore the steamboat ##Heron## on ##Lake Arvo##.

Sentence: doctors in porto gave him amoxicillin against scarlet fever , the daily courier said .
Marked: doctors in ##porto## gave him ##amoxicillin## against ##scarlet fever## , \
the ##daily courier## said .

Sentence: {text}
Marked:"""


@dataclass(frozen=True, kw_only=True)
class MarkingModel:
    """Marks entities by greedy generation. Loads the model when it first reads a text.

    Attributes:
        source: folder or hub id of a causal language model with safetensors weights.
        device: where torch runs it.
        batch_size: texts that are continued at once.
        prompt: holds ``{text}`` where the text goes; the answer is the rest of its last line.
    """

    source: str
    device: str = "cpu"
    batch_size: int = 16
    prompt: str = PROMPT

    @property
    def fingerprint(self) -> str:
        """The model and a digest of the prompt."""
        return f"{model_identity(self.source)}:{sha256(self.prompt.encode()).hexdigest()[:8]}"

    def mark(self, texts: Sequence[str]) -> list[str]:
        """Repeat each text with marks, as far as the model manages.

        An answer has at most twice as many tokens as its text, and 32.

        Returns:
            One line a text, in the same order.

        Raises:
            WeightsNotFound: there is no such model.
            UnsupportedModel: its tokenizer cannot pad a batch.
        """
        marked = [""] * len(texts)
        # Texts of like length together, since a batch is as slow as its longest.
        order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
        for first in range(0, len(order), self.batch_size):
            batch = order[first : first + self.batch_size]
            answers = self._mark_batch([texts[index] for index in batch])
            for index, answer in zip(batch, answers, strict=True):
                marked[index] = answer
        return marked

    def _mark_batch(self, texts: Sequence[str]) -> list[str]:
        tokenizer, model = self._loaded
        # The answer is one line, so the question must be.
        lines = [" ".join(text.split()) for text in texts]
        prompts = [self.prompt.replace("{text}", line) for line in lines]
        inputs = tokenizer(
            prompts, padding=True, return_tensors="pt", return_token_type_ids=False
        ).to(model.device)
        limits = [2 * len(tokens) + 32 for tokens in tokenizer(lines)["input_ids"]]
        output = model.generate(
            **inputs,
            max_new_tokens=max(limits),
            stop_strings=["\n"],
            tokenizer=tokenizer,
            pad_token_id=tokenizer.pad_token_id,
            do_sample=False,
            # A model's own defaults for chatting; a penalty would forbid it to repeat the text.
            temperature=None,
            top_p=None,
            top_k=None,
            repetition_penalty=1.0,
        )
        answers = output[:, inputs["input_ids"].shape[1] :]
        # Each to its own limit, or a text's answer would change with its neighbours.
        decoded = [
            tokenizer.decode(
                answer[:limit], skip_special_tokens=True, clean_up_tokenization_spaces=False
            )
            for answer, limit in zip(answers, limits, strict=True)
        ]
        return [answer.partition("\n")[0].strip() for answer in decoded]

    @cached_property
    def _loaded(self) -> tuple[Any, Any]:
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer

        try:
            tokenizer = AutoTokenizer.from_pretrained(self.source, padding_side="left")
            model = AutoModelForCausalLM.from_pretrained(
                self.source,
                use_safetensors=True,
                # Half precision is slow on most CPUs.
                dtype=torch.float32 if self.device == "cpu" else "auto",
            )
        except (OSError, ValueError) as error:
            raise not_loaded("causal language model", self.source, error) from error
        if tokenizer.pad_token is None:
            tokenizer.pad_token = tokenizer.eos_token
        if tokenizer.pad_token is None:
            raise UnsupportedModel(
                f"the tokenizer of {self.source!r} has neither a padding nor an end token; "
                "set pad_token in its tokenizer_config.json"
            )
        return tokenizer, model.to(self.device).eval()
