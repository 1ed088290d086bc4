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
11. `clinic`       programs that are wrong in one place, and what each shows
12. `latent`       what the trained latent space looks like
13. `measure`      instruments for generated images
14. `likelihood`   how likely an image is, exactly and by bounds
15. `priors`       a prior where the codes are, in place of N(0, I)
16. `linear`       the linear VAE, whose best code can be computed
17. `rates`        runs with other losses: what a code says, and at what price
18. `plots`        figures from tensors
19. `drawings`     the network, why a code has a spread, posteriors, their cost, case files
20. `widgets`      the live samplers
21. `folder`       your own images
22. `report`       the whole experiment, also as the command `vae-report`
23. `progress`     how far a student is, the command `vae-progress`
24. `environment`  is this computer ready for the course?
"""
