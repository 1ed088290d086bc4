"""A Variational Autoencoder in PyTorch, small enough to read in one sitting.

Read the modules in this order; each imports only from those above it:

1. `data`         MNIST, its split, its batches
2. `model`        encoder, reparameterization trick, decoder
3. `loss`         BCE and KLD, in nats per image
4. `train`        the training loop, evaluation, checkpoints
5. `latent`       what the trained latent space looks like
6. `measure`      instruments for generated images
7. `plots`        figures from tensors
8. `widgets`      the live sampler
9. `report`       the whole experiment, also as the command `vae-report`
10. `environment` is this computer ready for the course?
"""
