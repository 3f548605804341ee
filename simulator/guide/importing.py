r"""What you already have: logs, accounting and exports as priors or actuals.

    simulator import sacct jobs.txt --where JobName=pretrain \
      -o reliability.yaml --plot check.png
    simulator run configs/quickstart.yaml --set @reliability.yaml

Logs, accounting and exports become priors (`.yaml`, a fragment of a config: each value with its error, which knows that neighbouring
samples are alike and that sensors err, its source, and what was left out) or actuals (`.csv`): `codecarbon`, `nvidia-smi`, `dcgm`,
`sacct`, `wandb`, `mlflow`, `electricitymaps`, `entsoe`. `simulator import --help` tells what each gives.

Three runs and more give the interval of one more; one or two, how well their own mean is known, with a note of how much published runs
differ: for another run, widen it.
"""
