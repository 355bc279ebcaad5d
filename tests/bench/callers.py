"""Many telephones in one process, for `make bench`: `python -m tests.bench.callers COUNT SECONDS URI`.

Each dials, listens, presses 1 every few seconds, and hangs up; what its sound went through is printed as one JSON object.
"""

import asyncio
import json
import sys
from contextlib import suppress

from baresip import Account, AudioNotActive, AudioRestarted, BaresipError, Config
from baresip.call import Call
from baresip.runtime import Runtime
from baresip.ua import UserAgent

from tests.voice.line import free_port

BETWEEN_DIALS, BETWEEN_KEYS = 0.1, 5.0
ANSWERED_S = 60.0


async def main(count: int, seconds: float, uri: str) -> None:
    """Call, all at once, and tell how it was."""
    runtime = Runtime(command_timeout=30)
    lines = f"sip_listen 127.0.0.1:{free_port()}\nrtp_ports 10000-15998\n"
    await runtime.start(Config(net_interface="127.0.0.1", max_concurrent_calls=None, extra_config_text=lines))
    agent = await UserAgent.create(runtime, Account("+22376000001", "127.0.0.1", "", reg_interval=0, audio_codecs=("pcma",)))
    calls: list[Call] = []
    for _ in range(count):
        calls.append(await agent.dial(uri))
        await asyncio.sleep(BETWEEN_DIALS)
    answers = await asyncio.gather(*(call.wait_established(ANSWERED_S) for call in calls), return_exceptions=True)
    up = [call for call, answer in zip(calls, answers, strict=True) if answer is None]
    print(json.dumps({"up": len(up)}), flush=True)
    ending = asyncio.get_running_loop().time() + seconds
    await asyncio.gather(*(_listen(call, ending, place / count) for place, call in enumerate(up)))
    await asyncio.sleep(1.0)
    stats = [call.final_stats for call in up if call.final_stats is not None]
    found = {
        "ended": len(stats),
        "packets": sum(one.rx_packets for one in stats),
        "lost": sum(max(0, one.rx_lost) for one in stats),
        "gaps": sum(one.jbuf_lost or 0 for one in stats),
        "late": sum(one.jbuf_late or 0 for one in stats),
        "jitter_ms": max((one.rx_jitter_ms for one in stats), default=0.0),
    }
    print(json.dumps(found), flush=True)
    await runtime.close()


async def _listen(call: Call, ending: float, phase: float) -> None:
    loop = asyncio.get_running_loop()
    key_at = loop.time() + BETWEEN_KEYS * (1 + phase)
    with suppress(BaresipError):
        while loop.time() < ending:
            await asyncio.sleep(0.1)
            with suppress(AudioNotActive, AudioRestarted):
                while call.audio.read(3200):
                    pass
            if loop.time() > key_at:
                key_at += BETWEEN_KEYS
                await call.send_dtmf("1")
        await call.hangup()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), float(sys.argv[2]), sys.argv[3]))
