import { useState } from "react";
import { Captioner } from "./Captioner.tsx";

export function App() {
  const [isOpen, setIsOpen] = useState(true);
  return (
    <>
      <button onClick={() => setIsOpen(!isOpen)}>{isOpen ? "Close" : "Open"}</button>
      {isOpen && <Captioner />}
    </>
  );
}
