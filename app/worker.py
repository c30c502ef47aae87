"""The configuration of `rq worker --config app.worker`, and what a worker has to load before its first job.

Workers do not fork for each job (`SimpleWorker`): a job here is a batch, and the pool of connections and the GitHub
tokens, which may live in memory only, outlast it.
"""

import app.jobs
from app import log, migrating
from app.settings import Settings

log.configure()
migrating.until_done()

REDIS_URL = Settings.load_or_exit().redis_url.get_secret_value()
JOBS = app.jobs.__name__
