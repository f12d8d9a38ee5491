from townlet.policy.training import PPOStrategy


def test_it(toy_config, services, learner):
    r = PPOStrategy(toy_config, services).run()
    print(r)
    assert r.reward_last > 0.7
