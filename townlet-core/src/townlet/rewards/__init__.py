"""What agents are rewarded for: parts, social stages and guards."""

from townlet.config.rewards import REWARD_PARTS, SOCIAL_STAGES
from townlet.rewards.reward import begin_rewards, reward_world
from townlet.rewards.state import Earnings, RewardSettings, RewardState, new_earnings, new_reward_state, settings_of

__all__ = [
    "Earnings",
    "REWARD_PARTS",
    "RewardSettings",
    "RewardState",
    "SOCIAL_STAGES",
    "begin_rewards",
    "new_earnings",
    "new_reward_state",
    "reward_world",
    "settings_of",
]
