"""The network of one-shot classification by its definition, which the tests compare with."""

import math

import torch


def literal(one, tokens):
    """The definition, token by token: hidden states through every layer; one network, one episode."""
    queries, keys, values = one["queries"], one["keys"], one["values"]
    layers, heads, key_dim = queries.shape[:3]
    width = len(one["readout"])
    states = [one["value_0"] @ x / math.sqrt(tokens.shape[-1]) for x in tokens]
    for layer in range(layers):
        new = [torch.zeros(width, dtype=torch.float64) for _ in tokens]
        for head in range(heads):
            for t, asking in enumerate(tokens):
                query = queries[layer, head] @ asking
                scores = torch.stack([(keys[layer, head] @ x) @ query for x in tokens]) / math.sqrt(key_dim)
                for s, weight in enumerate(torch.softmax(scores, dim=0)):
                    new[t] = new[t] + values[layer, head] @ states[s] * weight
        states = [state / math.sqrt(heads * width) for state in new]
    return one["readout"] @ torch.stack(states).mean(dim=0) / math.sqrt(width)


def literal_losses(parameters, batch):
    """`network.losses` by the literal forward pass."""
    found = []
    for place, (tokens, labels) in enumerate(zip(batch["tokens"], batch["labels"], strict=True)):
        one = {name: values[place] for name, values in parameters.items()}
        outputs = torch.stack([literal(one, episode) for episode in tokens])
        found.append(((outputs - labels) ** 2).mean())
    return torch.stack(found)
