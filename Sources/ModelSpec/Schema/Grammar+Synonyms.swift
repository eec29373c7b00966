extension Grammar {
  /// What other programs call the keys of specs; a diagnostic of an unknown key suggests ours.
  static let synonyms: [String: String] = [
    "hidden_size": "latent_dim", "hidden_dim": "latent_dim", "embed_dim": "latent_dim",
    "d_model": "latent_dim", "dim": "latent_dim", "model_dim": "latent_dim",
    "inner_dim": "latent_dim", "num_layers": "depth", "n_layers": "depth", "layers": "depth",
    "num_blocks": "depth", "num_hidden_layers": "depth", "num_heads": "heads",
    "n_heads": "heads", "num_attention_heads": "heads", "n_head": "heads",
    "num_classes": "classes", "n_classes": "classes", "class_dropout_prob": "dropout",
    "in_channels": "channels", "num_frames": "frames", "vocab": "vocabulary",
    "num_train_timesteps": "train_steps", "beta_schedule": "schedule",
    "prediction_type": "prediction", "num_inference_steps": "steps", "guidance_scale": "guidance",
    "lr": "learning_rate", "mlp": "feed_forward", "ffn": "feed_forward", "vae": "autoencoder",
    "eps": "epsilon", "version": "ditharos", "block_out_channels": "level_channels",
    "layers_per_block": "blocks_per_level", "norm_num_groups": "norm_groups",
    "mid_block_add_attention": "middle_attention", "use_quant_conv": "quant_convolution",
    "use_post_quant_conv": "post_quant_convolution", "act_fn": "activation",
    "num_encoder_blocks": "encoder_blocks", "num_decoder_blocks": "decoder_blocks",
  ]
}
