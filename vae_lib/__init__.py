"""A Variational Autoencoder in PyTorch, small enough to read in one sitting.

Read the modules in this order; each imports only from those above it:

1. `files`        files that are there whole or not at all
2. `remedies`     commands and paths for the sentences about problems
3. `pytorch`      PyTorch, or why it cannot be loaded
4. `data`         MNIST, its split, its batches
5. `model`        encoder, reparameterization trick, decoder
6. `loss`         BCE and KLD, in nats per image
7. `train`        the training loop, evaluation
8. `checkpoints`  runs and models as files, and those that ship with the library
9. `latent`       what the trained latent space looks like
10. `measure`      instruments for generated images
11. `plots`        figures from tensors
12. `drawings`     the network, and why a code has a spread
13. `widgets`      the live samplers
14. `report`       the whole experiment, also as the command `vae-report`
15. `environment`  is this computer ready for the course?
"""
