"""Loss and accuracy of each member."""

from torch import Tensor


def cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """Mean cross-entropy in nats, (member,).

    Args:
        logits: (member, batch, ..., class).
        targets: whole numbers, (member, batch, ...).
    """
    chosen = logits.log_softmax(dim=-1).gather(-1, targets[..., None])
    return -chosen.flatten(1).mean(dim=1)


def accuracy(logits: Tensor, targets: Tensor) -> Tensor:
    """Share of entries whose largest logit is the target's, (member,), in the logits' type."""
    right = logits.argmax(dim=-1) == targets
    return right.flatten(1).to(logits.dtype).mean(dim=1)
