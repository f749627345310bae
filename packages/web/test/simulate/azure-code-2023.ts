/**
 * When calls arrived at a real service: the first 3 minutes and 48 seconds of the trace "code" of the Azure LLM inference
 * trace 2023, a sample of several production services of Azure on 16 November 2023, in tenths of a second. What was asked is
 * not in it, and the numbers of tokens are left out here.
 *
 * Source: https://github.com/Azure/AzurePublicDataset/blob/master/AzureLLMInferenceDataset2023.md
 * (`data/AzureLLMInferenceTrace_code.csv`), licensed under CC BY 4.0 by Microsoft. Described in: Pratyush Patel, Esha Choukse,
 * Chaojie Zhang, Aashaka Shah, Íñigo Goiri, Saeed Maleki, Ricardo Bianchini, "Splitwise: Efficient generative LLM inference
 * using phase splitting", ISCA 2024.
 */

/** Seconds within the minute, by minute. */
const SECONDS: Readonly<Record<string, string>> = {
  "18:17": `3.9 4.0 4.0 4.1 4.4 4.5 4.6 4.9 5.2 5.2 5.3 5.3 33.4 33.5 33.5 33.6 33.6 34.1 34.2 34.4 34.4 34.9 35.2 35.4 35.4
    35.6 35.7 36.6 36.6 37.0 37.3 37.5 37.5 37.5 37.6 37.6 37.7 37.8 37.9 38.2 38.4 38.8 38.9 39.0 39.3 39.3 39.7 39.9 40.2
    40.6 40.6 40.7 41.3 41.4 41.8 42.0 42.1 42.6 42.6 42.8 43.0 43.2 43.3`,
  "18:20": `7.0 7.1 7.1 7.2 7.4 7.4 7.5 7.6 7.6 11.1 11.2 11.2 11.3 11.5 11.5 11.5 11.6 12.2 12.2 12.2 12.2 12.3 12.3 12.3
    12.3 12.4 12.4 12.4 12.5 15.0 15.3 15.3 15.5 15.6 15.6 15.6 16.1 16.3 16.3 16.3 16.3 16.4 16.4 16.4 16.4 16.4 16.5 16.5
    16.6 19.2 19.3 19.3 19.3 19.4 19.4 19.5 19.6 19.6 19.6 19.7 19.9 19.9 19.9 20.0 20.0 20.2 20.2 20.3 20.3 20.3 20.4 20.5
    20.5 20.5 20.6 20.6 20.6 20.6 20.6 20.6 20.7 20.7 20.7 20.7 20.8 20.8 20.9 20.9 20.9 20.9 21.0 21.1 21.2 21.2 21.3 21.3
    21.4 21.4 21.4 21.5 21.5 21.6 21.6 21.6 21.6 21.7 21.7 21.7 21.9 21.9 21.9 22.2 22.2 22.3 22.3 22.4 22.4 22.5 22.5 22.5
    22.5 22.5 22.5 22.7 22.7 22.8 22.8 22.9 22.9 22.9 22.9 22.9 22.9 22.9 23.0 23.0 23.0 23.0 23.1 23.2 23.2 23.2 23.2 23.2
    23.3 23.3 23.3 23.3 23.4 23.4 23.6 23.7 23.7 23.8 23.8 23.8 23.8 23.9 23.9 23.9 23.9 23.9 24.0 24.0 24.0 24.3 24.3 24.5
    24.5 24.6 24.7 24.9 24.9 25.1 25.1 25.6 25.7 25.8 25.8 25.9 26.0 26.1 26.2 26.2 26.7 27.1 27.2 27.5 27.6 27.8 28.3 28.5
    28.7 28.7 28.7 28.9 29.1 29.1 29.4 29.4 29.4 29.5 29.6 37.7 37.8 37.9 38.0 38.0 38.0 38.1 38.1 38.2 38.7 38.7 38.7 38.7
    38.9 39.0 39.0 39.0 39.1 39.1 39.1 39.2 39.2 39.2 39.2 39.2 39.3 39.3 39.4 39.4 39.5 39.5 39.5 39.5 39.7 39.8 39.8 40.6
    40.8 40.8 40.8 42.5 42.5 43.5 43.5 43.6 43.6 43.6 43.7 43.7 43.7 43.8 43.8 43.8 43.8 43.9 43.9 44.0 44.0 44.0 44.3 44.4
    44.4 44.5 44.5 45.3 45.3 45.3 45.4 45.4 45.4 45.4 45.5 45.6 45.7 45.7 45.8 46.1 46.1 46.2 46.2 46.3 46.3 46.3 46.4 46.4
    46.4 46.4 46.5 46.5 46.5 46.5 46.5 46.5 46.6 46.6 46.6 46.6 46.6 46.7 46.7 46.7 46.7 46.7 46.8 47.5 47.6 47.6 47.9 47.9
    48.1 48.2 48.2 48.3 48.3 48.4 48.5 48.5 48.5 48.5 48.6 48.6 48.6 48.6 48.6 48.6 48.6 48.7 48.7 48.7 48.8 48.8 48.8 48.8
    48.8 48.9 48.9 49.0 49.0 49.1 49.2 49.2 49.4 49.5 49.5 49.5 49.8 49.9 49.9 50.4 50.5 50.7 50.8 50.8 50.9 50.9 50.9 51.0
    51.0 51.0 51.1 51.1 51.2 51.3 51.5 51.5 51.5 51.5 51.5 51.6 51.7 51.7 51.8 51.8 52.1 52.1 52.1 52.2`,
};

/** Milliseconds since the first call. */
export const AZURE_CODE_2023: readonly number[] = toArrivals();

function toArrivals(): readonly number[] {
  const times = Object.entries(SECONDS).flatMap(([minute, seconds]) => {
    const [hours = 0, minutes = 0] = minute.split(":").map(Number);
    return seconds
      .split(/\s+/)
      .map((second) => (hours * 60 + minutes) * 60_000 + Number(second) * 1000);
  });
  return times.map((time) => Math.round(time - times[0]!));
}
