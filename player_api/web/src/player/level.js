/** "720p" names the shorter side, so that a video filmed upright is called the same. */
export function shortSide(level) {
  return Math.min(level.width, level.height) || level.height;
}

/** "avc1" or "av01": one of them plays at a time. */
export function codecOf(level) {
  return (level?.videoCodec ?? "").split(".")[0];
}
