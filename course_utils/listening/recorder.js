// Records from the microphone, or takes a file, and sends it to the kernel as one binary message.
// The kernel answers with another message. Neither is part of the widget's state, so nobody's
// voice is saved with a notebook.

const WAV_RATE = 16000; // what the course works at; keeps a recording at 32 kB a second

function element(tag, className, properties = {}) {
  return Object.assign(document.createElement(tag), { className, ...properties });
}

// Mono 16-bit PCM with the 44-byte RIFF header.
function encodeWav(samples, rate) {
  const view = new DataView(new ArrayBuffer(44 + 2 * samples.length));
  const text = (at, string) => [...string].forEach((c, i) => view.setUint8(at + i, c.charCodeAt(0)));
  text(0, "RIFF");
  view.setUint32(4, 36 + 2 * samples.length, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true); // PCM
  view.setUint16(22, 1, true); // channels
  view.setUint32(24, rate, true);
  view.setUint32(28, 2 * rate, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  text(36, "data");
  view.setUint32(40, 2 * samples.length, true);
  samples.forEach((x, i) => {
    view.setInt16(44 + 2 * i, Math.round(Math.max(-1, Math.min(1, x)) * 32767), true);
  });
  return view.buffer;
}

// Browsers record Opus or AAC. Decoding in a 16 kHz context also resamples, in every browser,
// whatever rate the microphone runs at.
async function toWav(blob) {
  const context = new OfflineAudioContext(1, 1, WAV_RATE);
  const decoded = await context.decodeAudioData(await blob.arrayBuffer());
  const mono = new Float32Array(decoded.length);
  for (let channel = 0; channel < decoded.numberOfChannels; channel++) {
    decoded.getChannelData(channel).forEach((x, i) => (mono[i] += x / decoded.numberOfChannels));
  }
  return encodeWav(mono, WAV_RATE);
}

function whyNot(error) {
  if (error.name === "NotAllowedError") {
    return "The browser was not allowed to use the microphone. Allow it beside the address bar, or choose a file.";
  }
  if (error.name === "NotFoundError") return "No microphone was found. Choose a file instead.";
  return `The microphone cannot be used (${error.message}). Choose a file instead.`;
}

function render({ model, el }) {
  let letGo = () => {}; // of the microphone, while there is one
  const secondsMax = model.get("seconds_max");
  const withMicrophone = model.get("microphone");

  // JupyterLab would take Enter and Space for its own shortcuts.
  el.dataset.lmSuppressShortcuts = "true";
  const root = element("div", "course-recorder");
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", withMicrophone ? "Audio recorder" : "Audio upload");
  const controls = element("div", "controls");
  const recordButton = element("button", "record", { type: "button", textContent: "Record" });
  const stopButton = element("button", "stop", { type: "button", textContent: "Stop", disabled: true });
  const fileLabel = element("label", "file", {
    textContent: withMicrophone ? "or choose a file " : "Choose an audio file ",
  });
  const fileInput = element("input", "", { type: "file", accept: "audio/*,video/*" });
  fileLabel.append(fileInput);
  const level = element("meter", "level", { min: 0, max: 1, hidden: true });
  level.setAttribute("aria-label", "Input level");
  const timer = element("span", "timer", { hidden: true });
  const status = element("p", "status");
  status.setAttribute("role", "status");
  const player = element("audio", "player", { controls: true, hidden: true });
  player.setAttribute("aria-label", "What the kernel received");
  if (withMicrophone) controls.append(recordButton, stopButton, level, timer);
  controls.append(fileLabel);
  root.append(controls, status, player);
  el.append(root);

  function show(state, text) {
    root.dataset.state = state; // ready, asking, recording, sending, done or error
    const busy = ["asking", "recording", "sending"].includes(state);
    recordButton.disabled = busy;
    fileInput.disabled = busy;
    stopButton.disabled = state !== "recording";
    level.hidden = timer.hidden = state !== "recording";
    player.hidden = state !== "done" || !player.src;
    status.textContent = text;
  }

  function send(name, buffer, type) {
    URL.revokeObjectURL(player.src);
    player.src = URL.createObjectURL(new Blob([buffer], { type }));
    show("sending", "Sending to the kernel, which answers when it has finished its other cells …");
    model.send({ name }, undefined, [buffer]);
  }

  function answered(reply) {
    show(reply.ok ? "done" : "error", reply.text);
  }

  async function record() {
    fileInput.value = "";
    show("asking", "Waiting for the browser to open the microphone …");
    let stream;
    try {
      if (!navigator.mediaDevices) throw new Error("this page is not served over https");
      // Filters made for telephone calls would remove the very sounds that the course is about.
      stream = await navigator.mediaDevices.getUserMedia({
        audio: { echoCancellation: false, noiseSuppression: false },
      });
    } catch (error) {
      show("error", whyNot(error));
      return;
    }
    const pieces = [];
    const recorder = new MediaRecorder(stream);
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    analyser.fftSize = 8192; // longer than the time between two looks, so that no click is missed
    context.createMediaStreamSource(stream).connect(analyser);
    const recent = new Float32Array(analyser.fftSize);
    const started = performance.now();
    const ticking = setInterval(() => {
      const seconds = (performance.now() - started) / 1000;
      analyser.getFloatTimeDomainData(recent);
      level.value = Math.sqrt(Math.max(...recent.map(Math.abs)));
      timer.textContent = `${seconds.toFixed(1)} of ${secondsMax} s`;
      if (seconds >= secondsMax) stop();
    }, 100);
    const stop = () => recorder.state !== "inactive" && recorder.stop();
    letGo = () => {
      letGo = () => {};
      recorder.onstop = null; // stopping the tracks ends the recording too
      clearInterval(ticking);
      context.close();
      stream.getTracks().forEach((track) => track.stop());
    };
    recorder.ondataavailable = (event) => pieces.push(event.data);
    recorder.onstop = async () => {
      letGo();
      try {
        const wav = await toWav(new Blob(pieces, { type: recorder.mimeType }));
        send("recording.wav", wav, "audio/wav");
      } catch (error) {
        show("error", `The browser could not decode its own recording (${error.message}). Record again.`);
      }
      recordButton.focus();
    };
    stopButton.onclick = stop;
    recorder.start();
    timer.textContent = `0.0 of ${secondsMax} s`;
    show("recording", "Recording. Press Stop when you are done.");
    stopButton.focus();
  }

  async function upload() {
    const file = fileInput.files[0];
    if (!file) return;
    const limit = model.get("bytes_max");
    if (file.size > limit) {
      const megabytes = (size) => (size / 1e6).toFixed(0);
      show(
        "error",
        `${file.name} has ${megabytes(file.size)} MB, more than the ${megabytes(limit)} MB that fit ` +
          "through here. Put it beside the notebook and open it with audio.load().",
      );
      return;
    }
    send(file.name, await file.arrayBuffer(), file.type);
  }

  recordButton.onclick = record;
  fileInput.onclick = () => (fileInput.value = ""); // so that the same file can be chosen again
  fileInput.onchange = upload;
  model.on("msg:custom", answered);
  show("ready", withMicrophone ? `Ready to record up to ${secondsMax} s.` : "Ready.");
  return () => {
    model.off("msg:custom", answered);
    letGo();
    URL.revokeObjectURL(player.src);
  };
}

export default { render };
