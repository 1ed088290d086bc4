"""A Variational Autoencoder in PyTorch, small enough to read in one sitting.

Read the modules in this order; each imports only from those above it:

1.  `files`        files that are there whole or not at all
2.  `remedies`     commands and paths for the sentences about problems
3.  `pytorch`      PyTorch, or why it cannot be loaded
4.  `vision`       torchvision, likewise, for what needs it
5.  `guards`       what functions expect of what they are given
6.  `images`       images side by side, and as files
7.  `data`         MNIST, its split, its batches
8.  `model`        encoder, reparameterization trick, decoder
9.  `loss`         BCE and KLD, in nats per image
10. `train`        the training loop, evaluation
11. `fast`         the same quality from a seventeenth of the images
12. `checkpoints`  runs and models as files, and those that ship with the library
13. `clinic`       programs that are wrong in one place, and what each shows
14. `latent`       what the trained latent space looks like
15. `measure`      instruments for generated images
16. `likelihood`   how likely an image is, exactly and by bounds
17. `priors`       a prior where the codes are, in place of N(0, I)
18. `linear`       the linear VAE, whose best code can be computed
19. `rates`        runs with other losses: what a code says, and at what price
20. `plots`        figures from tensors
21. `drawings`     the network, why a code has a spread, posteriors, their cost, case files
22. `widgets`      the live samplers
23. `folder`       your own images
24. `report`       the whole experiment, also as the command `vae-report`
25. `progress`     how far a student is, the command `vae-progress`
26. `environment`  is this computer ready for the course?
"""
