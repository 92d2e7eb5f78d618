r"""Steps of a multilayer perceptron's squared loss that divide the gradient by powers of its two factors.

With the inputs a_{l-1} (N, n_{l-1}) and the signals delta_l (N, n_l) of a batch, a layer's gradient is
G_l = (1/N) delta_l^T a_{l-1}, and K-FAC's and Shampoo's updates are f(delta) ^T g(a) of the same rank: two
factors of N rows, applied to the weights by one product. Nothing of the size of a weight matrix is inverted
unless the layer is narrower than the batch.

    step = MLPStep("tanh", rates)                                                   # plain gradient descent
    step = KFAC("tanh", rates, damping("rescaled", names, rho, rho), noise=SampledResiduals(keys))
    step = Shampoo("tanh", rates, ridge)
    history = train(members, parameters, step, batches, 100, recordings, work).history

Rates are each layer's, (member,) by name; 0, or a name that is left out, freezes the layer.
"""
