"""A Variational Autoencoder in PyTorch, small enough to read in one sitting.

Read the modules in this order; each imports only from those above it:

1.  `files`        files that are there whole or not at all
2.  `remedies`     commands and paths for the sentences about problems
3.  `pytorch`      PyTorch, or why it cannot be loaded
4.  `vision`       torchvision, likewise, for what needs it
5.  `guards`       what functions expect of what they are given
6.  `data`         MNIST, its split, its batches
7.  `model`        encoder, reparameterization trick, decoder
8.  `loss`         BCE and KLD, in nats per image
9.  `train`        the training loop, evaluation
10. `fast`         the same quality from a seventeenth of the images
11. `checkpoints`  runs and models as files, and those that ship with the library
12. `clinic`       programs that are wrong in one place, and what each shows
13. `latent`       what the trained latent space looks like
14. `measure`      instruments for generated images
15. `likelihood`   how likely an image is, exactly and by bounds
16. `priors`       a prior where the codes are, in place of N(0, I)
17. `linear`       the linear VAE, whose best code can be computed
18. `rates`        runs with other losses: what a code says, and at what price
19. `plots`        figures from tensors
20. `drawings`     the network, why a code has a spread, posteriors, their cost, case files
21. `widgets`      the live samplers
22. `folder`       your own images
23. `report`       the whole experiment, also as the command `vae-report`
24. `progress`     how far a student is, the command `vae-progress`
25. `environment`  is this computer ready for the course?
"""
