"""A Variational Autoencoder in PyTorch, small enough to read in one sitting.

Read the modules in this order; each imports only from those above it:

1. `files`        files that are there whole or not at all
2. `data`         MNIST, its split, its batches
3. `model`        encoder, reparameterization trick, decoder
4. `loss`         BCE and KLD, in nats per image
5. `train`        the training loop, evaluation
6. `checkpoints`  runs and models as files, and those that ship with the library
7. `latent`       what the trained latent space looks like
8. `measure`      instruments for generated images
9. `plots`        figures from tensors
10. `drawings`    the network, and why a code has a spread
11. `widgets`     the live samplers
12. `report`      the whole experiment, also as the command `vae-report`
13. `environment` is this computer ready for the course?
"""
