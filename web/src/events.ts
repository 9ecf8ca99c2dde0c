/** Typed events, for the page's own parts. */

export class Events<Map extends object> {
  private readonly listeners: { [K in keyof Map]?: ((value: Map[K]) => void)[] } = {};

  on<K extends keyof Map>(name: K, listener: (value: Map[K]) => void): void {
    const known = this.listeners[name];
    if (known) known.push(listener);
    else this.listeners[name] = [listener];
  }

  protected emit<K extends keyof Map>(name: K, value: Map[K]): void {
    for (const listener of this.listeners[name] ?? []) listener(value);
  }
}
