"""What agents are rewarded for: parts, social stages and guards."""

from townlet.config.rewards import REWARD_PARTS, SOCIAL_STAGES
from townlet.rewards.reward import begin_rewards, reward_world
from townlet.rewards.state import RewardSettings, RewardSheets, RewardState, new_reward_state, new_sheets, settings_of

__all__ = [
    "REWARD_PARTS",
    "RewardSettings",
    "RewardSheets",
    "RewardState",
    "SOCIAL_STAGES",
    "begin_rewards",
    "new_reward_state",
    "new_sheets",
    "reward_world",
    "settings_of",
]
