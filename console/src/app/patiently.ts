const triesMax = 60;
const pauseMs = 1_000;

/** Loads a part of the console, also where its server is away just now: a chart that is late is no reason to take down what is there. */
export const patiently = async <T>(load: () => Promise<T>): Promise<T> => {
  for (let tries = 1; ; tries++) {
    try {
      return await load();
    } catch (cause) {
      if (tries >= triesMax) throw cause;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
};
