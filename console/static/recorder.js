// Records from the microphone into the form's own file field. Where the browser cannot, nothing shows and the field takes a file.
function prepare(place) {
  const field = document.getElementById(place.dataset.recorder);
  const [start, stop] = place.querySelectorAll("button");
  const said = place.querySelector("[role=status]");
  const listen = place.querySelector("audio");
  if (!field || !place.hidden || !navigator.mediaDevices || !window.MediaRecorder || !window.DataTransfer) return;
  place.hidden = false;
  let recorder, end;
  const tell = (name) => { said.textContent = place.dataset[name] || ""; };
  const still = () => { start.hidden = false; stop.hidden = true; clearTimeout(end); };

  start.addEventListener("click", async () => {
    let stream;
    try { stream = await navigator.mediaDevices.getUserMedia({ audio: true }); } catch { tell("refused"); return; }
    const pieces = [];
    recorder = new MediaRecorder(stream);
    recorder.addEventListener("dataavailable", (event) => pieces.push(event.data));
    recorder.addEventListener("stop", () => {
      for (const track of stream.getTracks()) track.stop();
      const kind = recorder.mimeType.split(";")[0] || "audio/webm";
      const files = new DataTransfer();
      files.items.add(new File(pieces, `micro.${kind.includes("mp4") ? "m4a" : kind.includes("ogg") ? "ogg" : "webm"}`, { type: kind }));
      field.files = files.files;
      if (listen.src) URL.revokeObjectURL(listen.src);
      listen.src = URL.createObjectURL(files.files[0]);
      listen.hidden = false;
      still();
      tell("done");
    });
    recorder.start();
    end = setTimeout(() => recorder.stop(), Number(place.dataset.most) * 1000);
    start.hidden = true; stop.hidden = false; stop.focus();
    tell("during");
  });
  stop.addEventListener("click", () => recorder.stop());
}

const all = () => document.querySelectorAll("[data-recorder]").forEach(prepare);
all();
document.addEventListener("htmx:afterSwap", all);
