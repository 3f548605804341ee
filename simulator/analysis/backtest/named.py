"""What is known of an accelerator, an organisation or a model by its name."""

from __future__ import annotations

import re

from simulator.errors import LawError
from simulator.reference import accelerators

_NAMES = (
    (r"v5 ?lite", "TPU v5e"),
    (r"A100.*40", "A100 SXM 40GB"), (r"A100|Ampere", "A100 SXM 80GB"), (r"\bH100.*PCIe", "H100 PCIe"), (r"\bGH200|\bH100", "H100 SXM"),
    (r"V100", "V100 SXM2"), (r"P100", "P100 SXM2"), (r"\bH800", "H800 SXM"), (r"\bA800", "A800 SXM"), (r"\bH200", "H200 SXM"),
)  # fmt: skip
_ENCODER_DECODER = re.compile(r"\b\w*T[05]\b|\bUL2\b|\bAlexaTM\b|\bM?BART\b|\bMeena\b|\bNLLB\b|\bPegasus\b", re.IGNORECASE)


def accelerator_named(text: str) -> str:
    """Return the accelerator of the table ``accelerators`` that a text names.

    Raises
    ------
    LawError
        Where it names none.

    Examples
    --------
    >>> accelerator_named("A100-80GB SXM"), accelerator_named("TPU v5p")
    ('A100 SXM 80GB', 'TPU v5p')
    """
    for pattern, known in _NAMES:
        if re.search(pattern, text, re.IGNORECASE):
            return known
    for known in sorted(accelerators(), key=len, reverse=True):
        words = rf"(?<!\w){'[ -]?'.join(map(re.escape, known.split()))}(?!\w)"
        if re.search(words, text, re.IGNORECASE) and "peak_flops" in accelerators()[known]:
            return known
    raise LawError(f"its accelerator, '{text}', is not in the table accelerators")


#: judgement: organisations that train models at scale as their work; looked up by any of these words
LABORATORIES = (
    "Google", "DeepMind", "OpenAI", "Meta", "Facebook", "Microsoft", "NVIDIA", "Anthropic", "Amazon", "Apple", "xAI", "Mistral", "Cohere",
    "AI21", "Inflection", "DeepSeek", "Alibaba", "Qwen", "Baidu", "Tencent", "ByteDance", "Huawei", "Zhipu", "Moonshot", "MiniMax", "01.AI",
    "StepFun", "Baichuan", "Databricks", "MosaicML", "Snowflake", "Reka", "IBM", "Naver", "Salesforce", "Adept", "Aleph Alpha",
    "Technology Innovation Institute", "TII", "Stability AI", "LG AI", "AMD",
    "Cerebras", "Upstage", "Kakao", "Yandex", "Sber",
)  # fmt: skip


def is_laboratory(organisation: str) -> bool:
    """Return whether an organisation, or one of several, trains models at scale as its work.

    Examples
    --------
    >>> is_laboratory("Microsoft/NVIDIA"), is_laboratory("BigScience")
    (True, False)
    """
    return _named(organisation, LABORATORIES)


#: judgement: organisations that train in data centres which they, or the cloud that owns a part of them, designed
_HYPERSCALERS = ("Google", "DeepMind", "Meta", "Facebook", "Microsoft", "OpenAI", "Amazon")


def is_hyperscaler(organisation: str) -> bool:
    """Return whether an organisation, or one of several, trains in data centres that were designed for it.

    Examples
    --------
    >>> is_hyperscaler("Google"), is_hyperscaler("Ai2")
    (True, False)
    """
    return _named(organisation, _HYPERSCALERS)


def is_encoder_decoder(model: str) -> bool:
    """Return whether a model is known by its name to have an encoder beside its decoder, so that 6·N·T does not describe it.

    Examples
    --------
    >>> is_encoder_decoder("T5-11B"), is_encoder_decoder("GPT-3 175B")
    (True, False)
    """
    return bool(_ENCODER_DECODER.search(model))


def _named(organisation: str, names: tuple[str, ...]) -> bool:
    return any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", organisation, re.IGNORECASE) for name in names)
