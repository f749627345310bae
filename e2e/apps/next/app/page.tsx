import { Captioner } from "./captioner";

export default function Home() {
  return (
    <main>
      <Captioner />
    </main>
  );
}
