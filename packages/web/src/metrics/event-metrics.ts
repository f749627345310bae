/** The metrics that count events of the page. The worker counts its own events itself. */

import type { VlmEvent } from "../protocol/result.ts";
import type { Recorder } from "./recorder.ts";

export function reportEvent(recorder: Recorder, event: VlmEvent): void {
  switch (event.type) {
    case "worker-restarted":
      recorder.record("vlm.worker.restarts", 1, { "vlm.reason": event.reason });
      break;
    case "memory-pressure":
      recorder.record("vlm.memory.pressure", 1);
      break;
    case "worker-unloaded":
      recorder.record("vlm.worker.unloads", 1, { "vlm.reason": event.reason });
      break;
    case "device-fallback": {
      const { device, to, reason } = event.fallback;
      const attributes = { "vlm.from": device, "vlm.to": to, "vlm.reason": reason };
      recorder.record("vlm.backend.fallback", 1, attributes);
      break;
    }
    case "threads-fallback":
      recorder.record("vlm.threads.fallback", 1, { "vlm.reason": event.reason });
      break;
    case "setup-problem":
      recorder.record("vlm.setup.problems", 1, { "vlm.reason": event.reason });
      break;
    case "node-changed":
      recorder.record("vlm.node.changes", 1, { "vlm.node": event.node, "vlm.state": event.state });
      break;
    case "node-fallback": {
      const { from, to, reason } = event;
      const attributes = { "vlm.from": from, "vlm.to": to, "vlm.reason": reason };
      recorder.record("vlm.node.fallbacks", 1, attributes);
      break;
    }
    case "circuit-changed": {
      const { device, state, reason } = event;
      const attributes = { "vlm.device": device, "vlm.state": state };
      recorder.record("vlm.circuit.changes", 1, {
        ...attributes,
        ...(reason !== undefined && { "vlm.reason": reason }),
      });
      break;
    }
  }
}
