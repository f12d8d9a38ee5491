"""What PPO learns from: fresh rollouts of towns, of different ages, or a recording."""
