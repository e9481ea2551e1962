// Where the server under test is, and how to wait for it.

export const connection = { host: process.env.REDIS_HOST, port: Number(process.env.REDIS_PORT) };

// eventually waits for a condition that must come true.
export async function eventually(what, condition) {
  const deadline = Date.now() + 60_000;
  for (;;) {
    if (await condition()) return;
    if (Date.now() > deadline) throw new Error(`still not after 60 seconds: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
