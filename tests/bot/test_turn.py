"""What a turn tells of itself."""

from tests.bot.builders import chunk_of, evidence_of, turn_of


def test_other_regions_are_named_once_the_likeliest_first() -> None:
    regions = ("海州省", "云岭省/云州市", "海州省")
    elsewhere = tuple(evidence_of(chunk_of("养犬应当登记。", region=region)) for region in regions)
    assert turn_of("登记", elsewhere=elsewhere).other_regions == ("海州省", "云岭省/云州市")
    assert turn_of("登记").other_regions == ()
