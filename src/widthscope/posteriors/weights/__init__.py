"""Samples of every weight of a network with frozen attention: a witness that knows no order parameters.

The posterior over the weights themselves is sampled by block Gibbs with exact conditional draws. Neither the
law of the order parameters, nor the action, nor the kernel with V^0 integrated out is used: V^0 is drawn like
every other weight. What agrees with `posteriors.collapsed` therefore agrees by two derivations.
"""
