"""A Variational Autoencoder in PyTorch, small enough to read in one sitting.

Read the modules in this order; each imports only from those above it:

1. `files`        files that are there whole or not at all
2. `remedies`     commands and paths for the sentences about problems
3. `pytorch`      PyTorch, or why it cannot be loaded
4. `guards`       what functions expect of what they are given
5. `data`         MNIST, its split, its batches
6. `model`        encoder, reparameterization trick, decoder
7. `loss`         BCE and KLD, in nats per image
8. `train`        the training loop, evaluation
9. `fast`         the same quality from a seventeenth of the images
10. `checkpoints`  runs and models as files, and those that ship with the library
11. `latent`       what the trained latent space looks like
12. `measure`      instruments for generated images
13. `likelihood`   how likely an image is, exactly and by bounds
14. `priors`       a prior where the codes are, in place of N(0, I)
15. `linear`       the linear VAE, whose best code can be computed
16. `rates`        runs with other losses: what a code says, and at what price
17. `plots`        figures from tensors
18. `drawings`     the network, why a code has a spread, posteriors, and what they cost
19. `widgets`      the live samplers
20. `folder`       your own images
21. `report`       the whole experiment, also as the command `vae-report`
22. `environment`  is this computer ready for the course?
"""
