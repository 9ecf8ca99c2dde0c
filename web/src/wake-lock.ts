/** Keeps the screen on during a show. The system takes the lock back whenever the page is hidden. */

export function keepAwake(): () => void {
  let lock: WakeLockSentinel | null = null;
  let over = false;
  const take = async () => {
    if (over || document.visibilityState !== "visible" || !("wakeLock" in navigator)) return;
    try {
      lock = await navigator.wakeLock.request("screen");
    } catch {
      lock = null; // low battery: the system decides
    }
  };
  const onVisible = () => void take();
  document.addEventListener("visibilitychange", onVisible);
  void take();
  return () => {
    over = true;
    document.removeEventListener("visibilitychange", onVisible);
    lock?.release().catch(() => {});
  };
}
